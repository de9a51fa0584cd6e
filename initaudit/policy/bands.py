"""How far the scale of a signal may go before it is a finding."""

import math
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainValidator

from initaudit.policy.faults import fault, shown

Band = tuple[float, float]


def _band(value: object) -> Band:
    """Read `[low, high]`, two scales."""
    if not isinstance(value, list | tuple) or len(value) != 2 or not all(map(_is_scale, value)):
        raise fault(f"write [low, high], two numbers above 0, not {shown(value)}")
    low, high = value
    if low > high:
        raise fault(f"no scale lies between {low} and {high}")
    return float(low), float(high)


def _is_scale(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf


class SignalBands(BaseModel):
    """What a probe of the model may show without a finding; None lets it show anything."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    activation_std: Annotated[Band, PlainValidator(_band)] | None = (0.1, 10.0)
    """The std of what layers give."""
    gradient_std: Annotated[Band, PlainValidator(_band)] | None = (1e-5, 1e4)
    """The std of the gradient at what layers give, where it is one at the outputs of the model."""
    growth: Annotated[Band, PlainValidator(_band)] | None = (0.9, 1.1)
    """The factor from one layer with a weight to the next."""

    def over(self, other: "SignalBands") -> "SignalBands":
        """Give these bands, filled in from others where they say nothing."""
        return other.model_copy(update={key: getattr(self, key) for key in self.model_fields_set})


DEFAULT_BANDS = SignalBands()
