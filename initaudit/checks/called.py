"""What the factory called in place of the declared law, in words."""

from initaudit.checks.region import Region
from initaudit.checks.traced import Difference
from initaudit.history import Caller
from initaudit.laws import Constant, Law
from initaudit.report import Finding

TELLING = 1000
"""The factor beyond which a ratio of widths says less than the two figures beside it."""


def finding(region: Region, difference: Difference, law: Law) -> Finding:
    """Tell what was called in place of the declared law; the recording knows it without sampling error."""
    gave = f"{call(difference.standing.write)} gave {difference.standing.law}"
    if difference.figure is None or isinstance(law, Constant):
        message = f"{gave}, where {law} is declared"
    else:
        message = (
            f"{gave}, {difference.figure} {difference.called:.4g}, where {law} has {difference.declared:.4g}"
            f"{times(difference.figure, difference.called, difference.declared)}"
        )
    return region.finding(
        difference.code,
        message,
        observed=difference.called if difference.figure is not None else None,
        expected=difference.declared if difference.figure is not None else str(law),
        standing=difference.standing,
        part=difference.part,
    )


def call(write: Caller) -> str:
    """Write a recorded operation as a call."""
    arguments = ", ".join(
        f"{name}={value if isinstance(value, str) else format(value, 'g')}" for name, value in write.arguments
    )
    return f"{write.initialiser}({arguments})"


def times(figure: str, value: float, declared: float | None) -> str:
    """Say how many times as wide a spread is, where that says more than the figures."""
    ratio = value / declared if figure == "std" and declared else 0.0
    if not 1 / TELLING < ratio < TELLING:
        return ""
    return f" ({ratio:.3g}× as wide)" if ratio > 1 else f" (1/{1 / ratio:.3g} as wide)"
