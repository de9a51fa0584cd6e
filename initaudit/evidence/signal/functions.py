"""A mode of torch functions that sees what a model does between its modules."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import torch
from torch.overrides import TorchFunctionMode

from initaudit.evidence.plain import PLAIN
from initaudit.evidence.signal.products import Bare, Product, Products
from initaudit.evidence.signal.softmaxes import HOLDING, Weighing, opened, weighing

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def unseen(hook: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Let no mode of torch functions see what a hook does: to be seen takes longer than to read an attribute."""

    @wraps(hook)
    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        with torch._C.DisableTorchFunction():
            return hook(*args, **kwargs)

    return run


class Functions(TorchFunctionMode):
    """Sees each product with a bare parameter, and each softmax, while it is on."""

    def __init__(
        self,
        bare: Mapping[int, Bare],
        multiplied: Callable[[Product], Callable[[Any], None]],
        weighed: Callable[[Weighing], None],
    ) -> None:
        """Call `multiplied` before a product, what that gives with its output, and `weighed` behind a softmax."""
        super().__init__()
        self._products = Products(bare)
        self._multiplied = multiplied
        self._weighed = weighed

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call the function, and tell of what it does."""
        keywords = kwargs or {}
        if func in HOLDING and PLAIN.issuperset(types):
            with self:
                return opened(func)(*args, **keywords)
        product = self._products.product(func, args, keywords)
        gives = None if product is None else self._multiplied(product)
        output = func(*args, **keywords)
        if gives is not None:
            gives(output)
        seen = weighing(func, args, keywords, output)
        if seen is not None:
            self._weighed(seen)
        return output
