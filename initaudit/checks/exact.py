"""IA205 and IA206: what a law fixes exactly, values and structure, is not there."""

from collections.abc import Iterator

from initaudit.checks.audit import spacing
from initaudit.checks.region import Region
from initaudit.laws import EXACT, Law, Orthogonal, Pattern, Sparse
from initaudit.report import Finding
from initaudit.values import Kind

ORTHOGONAL_SLACK = 1e-4
"""The relative residual of WᵀW that float32's own rounding never reaches."""


def values(region: Region, law: Law) -> Iterator[Finding]:
    """Find values that are not the declared ones."""
    moments, differing = region.moments, region.observation.differing
    judged = moments.finite or region.expectation.parameter.kind is Kind.BUFFER
    if not isinstance(law, EXACT) or not differing or not judged:
        return
    code = "IA205" if isinstance(law, Pattern) else "IA206"
    share = f"{differing:,} of {moments.count:,} values are not {str(law).removeprefix('= ')}"
    spread = f"; they lie in [{moments.minimum:.4g}, {moments.maximum:.4g}], mean {moments.mean:.4g}"
    if not moments.finite:
        spread = "; they are NaN or infinite"
    yield region.finding(code, share + spread, observed=moments.mean, expected=str(law))


def structure(region: Region, law: Law) -> Iterator[Finding]:
    """Find a matrix that has not the declared structure."""
    off, residual = region.observation.columns_off, region.observation.residual
    if isinstance(law, Sparse) and off:
        message = f"{off:,} of {law.columns:,} columns do not have the {law.zeros_per_column} zeros of {law}"
        yield region.finding("IA205", message, observed=float(off), expected=str(law))
    limit = ORTHOGONAL_SLACK + 4 * spacing(region.expectation.parameter)
    if isinstance(law, Orthogonal) and residual is not None and not residual <= limit:
        side = "columns" if law.rows >= law.columns else "rows"
        message = f"its {side} are not orthogonal with gain {law.gain:g}: the products are off by {residual:.2g}"
        yield region.finding("IA205", message, observed=residual, expected=str(law), band=(0.0, limit))
