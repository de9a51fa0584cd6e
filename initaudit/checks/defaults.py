"""Whether values that should be otherwise are what torch's own modules draw: the user's init did not reach them."""

import math
from collections.abc import Mapping

from initaudit.chance.sampling import bands
from initaudit.checks.audit import smallest, spacing
from initaudit.checks.region import Region
from initaudit.history import Standing
from initaudit.initialisers import INITIALISERS
from initaudit.laws import INDEPENDENT, Constant, Law
from initaudit.policy.resolving import torch_default
from initaudit.values import Moments, Parameter

_ENOUGH = 16
"""Fewer values fit many laws."""
_LIKELY = 1e-3
"""Values fit a law where its draws lie so far from its mean and std no less often than this."""


def still_default(region: Region, standing: Standing | None) -> str:
    """Say that a region holds torch's own default, by the recording or by the values; nothing where it does not."""
    if standing is not None:
        write, law = standing.write, standing.law
        known = write.initialiser in INITIALISERS
        return _told(_call(write.initialiser, dict(write.arguments)) if known else str(law)) if write.default else ""
    clause, match = region.clause, region.expectation.governed.match
    if match is None or clause.label is not None or clause.through is not None:
        return ""
    default = torch_default(region.expectation.parameter, match.site)
    if default is None:
        return ""
    name, drawn = default
    fits = _fits(drawn.law, region.moments, region.expectation.parameter)
    return _told(_call(name, drawn.arguments)) if fits else ""


def _told(text: str) -> str:
    return f"; still torch's default `{text}`; your init did not reach it"


def _fits(law: Law | None, moments: Moments, parameter: Parameter) -> bool:
    if isinstance(law, Constant):
        return moments.minimum == law.value == moments.maximum
    if not isinstance(law, INDEPENDENT) or moments.finite < _ENOUGH or moments.std is None:
        return False
    epsilon = spacing(parameter)
    limits = bands(law, moments.finite, alpha=_LIKELY, epsilon=epsilon, tiny=smallest(parameter))
    inside = (law.low is None or moments.minimum >= law.low - 2 * epsilon * abs(law.low)) and (
        law.high is None or moments.maximum <= law.high + 2 * epsilon * abs(law.high)
    )
    pairs = ((limits.mean, moments.mean), (limits.std, moments.std))
    return inside and all(band is not None and band.low <= figure <= band.high for band, figure in pairs)


def _call(name: str, given: Mapping[str, object]) -> str:
    """Write an initialiser as a call, with the arguments that are not its defaults."""
    usual = {one.name: one.default for one in INITIALISERS[name].arguments}
    arguments = [f"{key}={_value(value)}" for key, value in given.items() if value != usual.get(key)]
    return f"{name}_({', '.join(arguments)})"


def _value(value: object) -> str:
    if not isinstance(value, int | float):
        return str(value)
    square = value * value
    root = value > 0 and value != int(value) and square < 100 and math.isclose(square, round(square), rel_tol=1e-12)
    return f"√{round(square)}" if root else f"{value:g}"
