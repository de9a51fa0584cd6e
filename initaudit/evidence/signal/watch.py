"""Hooks on every module of a model, and the figures of what passes by them."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd
from torch.nn.modules.linear import NonDynamicallyQuantizableLinear
from torch.nn.parameter import is_lazy
from torch.nn.utils import parametrize
from torch.utils.hooks import RemovableHandle

from initaudit.evidence.signal.activations import FLAT, RECTIFIERS, Made, behind, made_by, through
from initaudit.evidence.signal.functions import Functions, unseen
from initaudit.evidence.signal.gauge import Gauge
from initaudit.evidence.signal.products import Product, bare_parameters, holds_only
from initaudit.evidence.signal.softmaxes import Softmaxes, Weighing
from initaudit.evidence.signal.structure import first, real
from initaudit.evidence.signal.weights import Found, Weights, histogram
from initaudit.history import Location
from initaudit.model.classes import full_name
from initaudit.model.target import definition
from initaudit.model.walk import mendable
from initaudit.signal.values import Activation, Gradient, Histogram, Layer, Softmax, Units, title
from initaudit.values import Moments


@dataclass(slots=True)
class _Call:
    """A call of a module, or of a function that takes a parameter for its weight.

    It becomes a layer when no other is called within it, or when it has parameters.
    """

    module: nn.Module
    kind: type
    """The class of what it is told by: the module, or the parameter."""
    channels: int = -1
    """The dimension of the units in what it gives."""
    inner: bool = False
    """Whether another was called within it."""
    weight: Found | None = None
    """What it mixes its inputs by, where it does nothing else."""
    trained: bool = False
    """Whether a gradient goes through what it gives."""
    name: str = ""
    number: int = 1
    rank: int = 0
    """How many calls with a weight had given something before it."""
    before: "_Call | None" = None
    """The last call with a weight that what came in is made of."""
    input: int | None = None
    """The number of the moments of what came in, as are those below."""
    forward: int | None = None
    backward: int | None = None
    function: "_Function | None" = None
    passed: int | None = None
    """Of what functions and factors alone make of it for the next call with a weight, or for the end."""
    histogram: Histogram | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Function:
    """The activation that made the input of a call, or that the call is; numbers of figures, as in a call."""

    name: str
    before: int | None
    after: int
    units: int = 0
    dead: int | None = None
    values: int = 0
    flat: int | None = None


class Watch:
    """Sees every call of a module, and keeps no tensor."""

    def __init__(self, model: nn.Module, *, histograms: bool = False) -> None:
        self.model = model
        self._gauge = Gauge()
        self._histograms = histograms
        self._modules = dict(model.named_modules())
        self._names = {id(module): name for name, module in self._modules.items()}
        self._parts = {id(part) for module in self._modules.values() for part in _parametrisations(module)}
        """The modules that compute a weight: no layers, though they are called within one whenever it reads it."""
        self._bare = bare_parameters(self._modules)
        self._weights = Weights(self._names, self._gauge, histograms=histograms)
        self._definitions: dict[type, Location | None] = {}
        self._locations: dict[int, Location | None] = {}
        self._calls: list[_Call] = []
        self._open: list[_Call] = []
        self._counter: Counter[int] = Counter()
        self._softmaxes = Softmaxes(self._gauge)
        self._makers: dict[Any, int] = {}
        """The nodes of the graph that stand for what layers gave, and the numbers of its moments."""
        self._mixers: dict[Any, _Call] = {}
        """The calls with a weight by the nodes of what they gave."""
        self._latest: _Call | None = None
        """The last call with a weight that has ended."""
        self._arrived: dict[int, int] = {}
        self._ends: list[int] = []
        """The numbers of the moments of what the model gives."""
        self._looking = True

    @contextmanager
    def hooked(self) -> Iterator[None]:
        """Put the hooks on, and take them off again."""
        handles: list[RemovableHandle] = []
        try:
            for module in self._modules.values():
                handles.append(module.register_forward_pre_hook(self._before, with_kwargs=True))
                handles.append(module.register_forward_hook(self._after))
            for parameter in self.model.parameters():
                if parameter.requires_grad and not is_lazy(parameter):
                    handles.append(hook_on(parameter.register_post_accumulate_grad_hook, self._arrives))
            yield
        finally:
            for handle in handles:
                handle.remove()

    @contextmanager
    def looking(self) -> Iterator[None]:
        """See what is called; later nothing but gradients, for what is called then is called a second time."""
        with Functions(self._bare, self._multiplied, self._weighed):
            yield
        self._looking = False
        self._makers.clear()
        self._mixers.clear()

    def layers(self) -> tuple[Layer, ...]:
        """Give the calls as values, in the order in which they ended."""
        moments, counts = self._gauge.moments(), self._gauge.counts()
        return tuple(self._layer(call, moments, counts) for call in self._calls)

    def softmaxes(self) -> tuple[Softmax, ...]:
        """Give the softmaxes as values, in the order in which they were called."""
        return self._softmaxes.told(lambda module: self._names[id(module)], self._location)

    def outputs(self) -> tuple[Moments, ...]:
        """Give the moments of what the model gives."""
        moments = self._gauge.moments()
        return tuple(moments[number] for number in self._ends)

    def gradients(self) -> tuple[Gradient, ...]:
        """Tell what arrived at each parameter that is to be trained."""
        owners = {id(one): module for module in self._modules.values() for one in module._parameters.values()}
        wanted = [(name, one) for name, one in self.model.named_parameters() if one.requires_grad and one.numel()]
        numbers = [self._gauge.measure(one, zeros=False, bounds=False) for _, one in wanted]
        moments = self._gauge.moments()
        return tuple(
            Gradient(
                name=name,
                parameter=moments[number],
                gradient=moments[self._arrived[id(one)]] if id(one) in self._arrived else None,
                called=self._called(name, owners[id(one)]),
                location=self._location(owners[id(one)]),
            )
            for (name, one), number in zip(wanted, numbers, strict=True)
        )

    def _called(self, name: str, owner: nn.Module) -> bool:
        """Tell whether the module that uses a parameter was called: its owner, or what holds it to use its values."""
        prefix = name
        while (holds_only(owner) or isinstance(owner, NonDynamicallyQuantizableLinear)) and prefix:
            prefix = prefix.rpartition(".")[0]
            owner = self._modules[prefix]
        return self._counter[id(owner)] > 0

    @unseen
    def _before(self, module: nn.Module, args: Any, kwargs: Any) -> None:
        if not self._looking or id(module) in self._parts:
            return
        if self._open:
            self._open[-1].inner = True
        call = _Call(module, type(module), 1 if isinstance(module, _ConvNd | _NormBase) else -1)
        self._open.append(call)
        self._takes(call, (args, kwargs), weighted=self._weights.of(module) is not None)

    def _multiplied(self, product: Product) -> Callable[[Any], None]:
        """See a product with a bare parameter as a call within the module that is open."""
        if not self._looking:
            return lambda output: None
        if self._open:
            self._open[-1].inner = True
        bare = product.bare
        call = _Call(bare.owner, type(bare.parameter), product.channels, name=bare.name)
        self._takes(call, product.stream, weighted=True)

        def gives(output: Any) -> None:
            self._counter[id(bare.parameter)] += 1
            call.number = self._counter[id(bare.parameter)]
            call.weight = self._weights.taken(bare.name, product.weight, product.shape, product.fan_in)
            self._gives(call, first(output))

        return gives

    def _weighed(self, seen: Weighing) -> None:
        """Note a softmax with the module that is open."""
        if self._looking and self._open:
            self._softmaxes.add(self._open[-1].module, seen)

    @unseen
    def _after(self, module: nn.Module, args: Any, output: Any) -> None:
        if not self._looking:
            return
        self._counter[id(module)] += 1
        if id(module) in self._parts:
            return
        call = self._open.pop()
        while call.module is not module:  # what was open raised, and the model went on
            call = self._open.pop()
        tensor = first(output)
        call.weight = None if call.inner else self._weights.of(module)
        if module is self.model:
            self._ends = [self._gauge.measure(one) for one in real(output)]
            if call.inner and tensor is not None:
                self._passes(tensor, self._gauge.measure(tensor))
                self._ends_in_function(call, tensor)
        if call.inner and not module._parameters:
            return
        call.name, call.number = self._names[id(module)], self._counter[id(module)]
        self._gives(call, tensor)

    def _takes(self, call: _Call, values: object, *, weighted: bool) -> None:
        tensor = first(values)
        if tensor is None:
            return
        call.input = self._gauge.measure(tensor)
        call.before = self._behind(values)
        if not weighted:
            return
        self._passes(tensor, call.input)
        made = made_by(tensor)
        if made is not None and made.node not in self._makers:
            call.function = self._function(made, tensor, call.input, call.channels)

    def _ends_in_function(self, call: _Call, tensor: torch.Tensor) -> None:
        """Take the model's call for that of a function behind its layers that makes what it gives."""
        made = made_by(tensor)
        if made is not None and made.node not in self._makers:
            call.inner, call.input, call.before = False, self._makers.get(made.before), self._behind(tensor)

    def _behind(self, values: object) -> _Call | None:
        """Give the last of the calls with a weight whose outputs values are made of, the nearest by the graph.

        None where they are made of none, as inputs are. What takes no gradient has no graph, and follows the last.
        """
        made = [one for one in real(values) if one.requires_grad]
        if not made:
            trained = self._latest is not None and self._latest.trained
            return None if trained else self._latest
        calls = [self._mixers[node] for node in behind(made, self._mixers)]
        return max(calls, key=lambda call: call.rank, default=None)

    def _gives(self, call: _Call, tensor: torch.Tensor | None) -> None:
        """Note a layer, and the first tensor that it gives."""
        before = self._calls[-1] if self._calls else None
        self._calls.append(call)
        if tensor is None:
            return
        call.forward, call.trained = self._gauge.measure(tensor), tensor.requires_grad
        if call.weight is not None:
            self._latest, call.rank = call, len(self._mixers)
        made = made_by(tensor)
        if made is not None and not call.inner and call.weight is None:
            call.function = self._function(made, tensor, call.forward, before.channels if before is not None else -1)
        if tensor.grad_fn is not None:
            self._makers[tensor.grad_fn] = call.forward
            if call.weight is not None:
                self._mixers[tensor.grad_fn] = call
        if self._histograms:
            call.histogram = histogram(tensor)
        if tensor.requires_grad:
            hook_on(tensor.register_hook, partial(self._returns, call))

    def _passes(self, tensor: torch.Tensor, number: int) -> None:
        """Note with the call that a tensor comes from, if functions and factors alone made it, what came of it."""
        for node in through(tensor):
            if node in self._mixers:
                call = self._mixers[node]
                call.passed = number if call.passed is None else call.passed
                return

    def _function(self, made: Made, tensor: torch.Tensor, after: int, channels: int) -> _Function:
        """Note what a function made of its input, and count what it put to sleep."""
        values = tensor.detach()
        units = dead = flat = None
        if values.is_complex():  # neither less nor more than another
            return _Function(name=made.name, before=self._makers.get(made.before), after=after)
        if made.name in RECTIFIERS and values.dim() > 1:
            others = [one for one in range(values.dim()) if one != channels % values.dim()]
            asleep = values.amax(others) == 0
            if made.name != "relu":  # what may be below zero
                asleep &= values.amin(others) == 0
            units, dead = asleep.numel(), self._gauge.count(asleep)
        if made.name in FLAT:
            low, high = FLAT[made.name]
            below, above = torch.empty_like(values), torch.empty_like(values)  # faster to add up than truth values
            torch.lt(values, low, out=below), torch.gt(values, high, out=above)
            flat = self._gauge.count(below.add_(above))
        return _Function(
            name=made.name,
            before=self._makers.get(made.before),
            after=after,
            units=units or 0,
            dead=dead,
            values=values.numel(),
            flat=flat,
        )

    def _returns(self, call: _Call, gradient: torch.Tensor) -> None:
        call.backward = self._gauge.take(gradient, zeros=False)

    def _arrives(self, parameter: torch.Tensor) -> None:
        gradient, parameter.grad = parameter.grad, None
        if gradient is not None:
            whole = gradient.to_dense() if gradient.is_sparse else gradient
            self._arrived[id(parameter)] = self._gauge.take(whole, zeros=False, bounds=False)

    def _layer(self, call: _Call, moments: Sequence[Moments], counts: Sequence[int]) -> Layer:
        def at(number: int | None) -> Moments | None:
            return None if number is None else moments[number]

        incoming, forward, backward, function = at(call.input), at(call.forward), at(call.backward), call.function
        activation = units = None
        if function is not None:
            before, after = at(function.before), moments[function.after]
            gain = before.std / after.std if before is not None and before.std and after.std else None
            saturated = counts[function.flat] / function.values if function.flat is not None else None
            activation = Activation(name=function.name, gain=gain, saturated=saturated)
            units = Units(count=function.units, dead=counts[function.dead]) if function.dead is not None else None
        return Layer(
            name=call.name,
            call=call.number,
            before=title(call.before.name, call.before.number) if call.before is not None else None,
            module_type=full_name(call.kind),
            input=incoming,
            forward=forward,
            backward=backward,
            forward_stds=(_scale(forward),),
            backward_stds=(_scale(backward),),
            passed_stds=(_scale(forward if call.passed is None else moments[call.passed]),),
            weight=call.weight.told(moments) if call.weight is not None else None,
            activation=activation,
            units=units,
            location=self._location(call.module),
            histogram=call.histogram,
        )

    def _location(self, module: nn.Module) -> Location | None:
        if id(module) not in self._locations:
            owner = mendable(self._modules, self._names[id(module)])
            self._locations[id(module)] = None if owner is None else self._definition(owner)
        return self._locations[id(module)]

    def _definition(self, owner: type[nn.Module]) -> Location | None:
        if owner not in self._definitions:
            self._definitions[owner] = definition(owner)
        return self._definitions[owner]


def hook_on(register: Callable[..., Any], hook: Callable[[torch.Tensor], torch.Tensor | None]) -> RemovableHandle:
    """Put a hook on a tensor; torch's own functions bear no types."""
    handle: RemovableHandle = register(hook)
    return handle


def _parametrisations(module: nn.Module) -> Iterator[nn.Module]:
    if parametrize.is_parametrized(module):
        yield from module.parametrizations.modules()  # type: ignore[union-attr]


def _scale(moments: Moments | None) -> float | None:
    return None if moments is None or moments.nonfinite else moments.std
