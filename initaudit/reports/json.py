"""The report as JSON: every key always there, in a fixed order, and the same bytes for the same audit."""

import json
import math
from typing import TYPE_CHECKING, Any

from initaudit import __version__
from initaudit.history import Location, Write
from initaudit.report import SCHEMA_VERSION, Detectable, Expected, Finding, Part, Report, Row
from initaudit.reports import EVERYTHING, View
from initaudit.values import Moments

if TYPE_CHECKING:
    from initaudit.signal.values import SignalReport

JsonValue = dict[str, Any] | list[Any] | str | float | bool | None


def render(report: Report, view: View = EVERYTHING) -> str:
    """Give the report as ASCII JSON; numbers that are not finite are the strings "nan", "inf" and "-inf"."""
    return written(document(report))


def written(document: dict[str, Any]) -> str:
    """Write plain dicts and lists as ASCII JSON."""
    return json.dumps(_finite(document), indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def head(report: "Report | SignalReport") -> dict[str, Any]:
    """Give what every report starts with: what was looked at, and how."""
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "initaudit", "version": __version__},
        "target": report.target,
        "policy": report.policy,
        "mode": report.mode.value,
        "device": report.device,
        "dtype": report.dtype,
        "seed": report.seed,
        "seeds": report.seeds,
    }


def document(report: Report) -> dict[str, Any]:
    """Give the report as plain dicts and lists, numbers as they are."""
    summary = report.summary
    return head(report) | {
        "summary": {
            "parameters": summary.parameters,
            "elements": summary.elements,
            "errors": summary.errors,
            "warnings": summary.warnings,
            "notes": summary.notes,
            "outcome": summary.outcome.value,
        },
        "parameters": [_row(row) for row in report.rows],
        "findings": [told(finding) for finding in report.findings],
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "shape": list(row.shape),
        "dtype": row.dtype,
        "module": row.module,
        "module_type": row.module_type,
        "rule": row.rule,
        "tied_to": list(row.tied_to),
        "expected": _expected(row.expected),
        "measured": _measured(row.measured),
        "reason": row.reason,
        "writes": [_write(write) for write in row.writes],
        "outcome": row.outcome.value,
        "detectable": _detectable(row.detectable),
        "kind": row.kind.value,
        "frozen": row.frozen,
        "parts": [_part(part) for part in row.parts],
    }


def _expected(expected: Expected | None) -> dict[str, Any] | None:
    if expected is None:
        return None
    return {
        "law": expected.law,
        "mean": expected.mean,
        "std": expected.std,
        "low": expected.low,
        "high": expected.high,
    }


def _measured(moments: Moments | None) -> dict[str, Any] | None:
    if moments is None:
        return None
    some = moments.finite > 0
    return {
        "count": moments.count,
        "mean": moments.mean if some else None,
        "std": moments.std,
        "min": moments.minimum if some else None,
        "max": moments.maximum if some else None,
        "zeros": moments.zeros,
        "nonfinite": moments.nonfinite,
        "sampled": moments.sampled,
    }


def _write(write: Write) -> dict[str, Any]:
    return {
        "initialiser": write.initialiser,
        "arguments": dict(write.arguments),
        "location": _location(write.location),
        "elements": write.elements,
        "user": _location(write.user),
        "region": None if write.region is None else [list(span) for span in write.region],
        "dead": write.dead,
    }


def _detectable(detectable: Detectable | None) -> dict[str, Any] | None:
    return None if detectable is None else {"mean": detectable.mean, "std": detectable.std}


def _part(part: Part) -> dict[str, Any]:
    return {
        "label": part.label,
        "expected": _expected(part.expected),
        "measured": _measured(part.measured),
        "outcome": part.outcome.value,
    }


def told(finding: Finding) -> dict[str, Any]:
    """Give a finding as a plain dict."""
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "parameter": finding.parameter,
        "rule": finding.rule,
        "message": finding.message,
        "location": _location(finding.location),
        "expected": finding.expected,
        "observed": finding.observed,
        "band": None if finding.band is None else list(finding.band),
        "others": list(finding.others),
    }


def _location(location: Location | None) -> dict[str, Any] | None:
    return None if location is None else {"path": location.path, "line": location.line}


def _finite(value: JsonValue) -> JsonValue:
    match value:
        case dict():
            return {key: _finite(inner) for key, inner in value.items()}
        case list():
            return [_finite(inner) for inner in value]
        case float() if not math.isfinite(value):
            return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    return value
