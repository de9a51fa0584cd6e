"""Where a slice lies: one index or Python slice for each dimension, read from text such as `48:96, 0`."""

import re

from pydantic import ValidationInfo

from initaudit.policy.expression import Expression
from initaudit.policy.faults import fault, shown
from initaudit.policy.numbers import expression

Range = tuple[Expression | None, Expression | None]
"""From where to where, as in a Python slice; None is the end of the dimension."""
Index = tuple[Expression | Range, ...]
"""One place or range for each of the first dimensions."""

_SIGNS = re.compile(r"[\[\](),:]")


def read_index(value: object, info: ValidationInfo) -> Index:
    """Read a number, an expression or a text of slices with commas between them."""
    if isinstance(value, tuple):
        return value
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise fault(f"an index such as 0, padding_idx, '48:96' or ':, 0' is needed, not {shown(value)}")
    if isinstance(value, int):
        return (expression(value, info.context),)
    return tuple(_dimension(part, info) for part in _split(value, ","))


def index_text(index: Index) -> str:
    """Write an index as a policy has it."""
    return ", ".join(
        part.text if isinstance(part, Expression) else ":".join(bound.text if bound else "" for bound in part)
        for part in index
    )


def _dimension(written: str, info: ValidationInfo) -> Expression | Range:
    bounds = _split(written, ":")
    if len(bounds) > 2:
        raise fault(f"{shown(written.strip())} has a step; a slice is one piece")
    if len(bounds) == 1:
        if not written.strip():
            raise fault("a dimension is empty; write ':' for the whole of it")
        return expression(written.strip(), info.context)
    low, high = (expression(bound.strip(), info.context) if bound.strip() else None for bound in bounds)
    return low, high


def _split(written: str, separator: str) -> list[str]:
    """Split where no bracket is open."""
    pieces, depth, start = [], 0, 0
    for sign in _SIGNS.finditer(written):
        depth += (sign[0] in "([") - (sign[0] in ")]")
        if sign[0] == separator and depth == 0:
            pieces.append(written[start : sign.start()])
            start = sign.end()
    return [*pieces, written[start:]]
