"""How the test of a policy is told: the score, what was planted where, and why faults survive."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from initaudit import __version__
from initaudit.report import SCHEMA_VERSION
from initaudit.reports import View, json, plain, wording
from initaudit.reports.cells import Cells, Layout
from initaudit.reports.escape import escape
from initaudit.scorecard import Mutant, Representative, Scorecard

_LAYOUT: Layout = (("parameter",), ("alike",), ("rule",), ("planted",), ("caught",), ("survivors",))
_NARROW: Layout = (("parameter", "governed", "survivors"), ("planted",), ("caught",))


def render(card: Scorecard, name: str, view: View) -> str:
    """Give a scorecard in a format of `SCORECARD_FORMATS`, with a newline at its end."""
    if name == "json":
        return json.written(document(card))
    rows = [_row(group) for group in card.groups]
    lines = [*_lines(card), _total(card)]
    if name == "table":
        text: str = import_module("initaudit.reports.table").tell(_heading(card), rows, (_LAYOUT, _NARROW), lines, view)
        return text
    blocks = [[_heading(card)], plain.aligned(rows, _LAYOUT), lines[:-1], lines[-1:]]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def document(card: Scorecard) -> dict[str, Any]:
    """Give a scorecard as plain dicts and lists."""
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "initaudit", "version": __version__},
        "target": card.target,
        "policy": card.policy,
        "device": card.device,
        "seed": card.seed,
        "score": card.score,
        "planted": len(card.mutants),
        "caught": len(card.mutants) - len(card.survivors),
        "findings": [json.told(finding) for finding in card.unclean],
        "parameters": [_group(group) for group in card.groups],
    }


def _group(group: Representative) -> dict[str, Any]:
    return {
        "name": group.parameter,
        "rule": group.rule,
        "shape": list(group.shape),
        "stands_for": group.stands_for,
        "excused": group.excused,
        "faults": [_mutant(mutant) for mutant in group.mutants],
    }


def _mutant(mutant: Mutant) -> dict[str, Any]:
    return {
        "fault": mutant.fault,
        "summary": mutant.summary,
        "caught_by": list(mutant.caught_by),
        "reason": mutant.reason,
    }


def _heading(card: Scorecard) -> str:
    tested = f"{card.target}: test of policy {card.policy}"
    if card.unclean:
        return escape(tested)
    alike = sum(group.stands_for for group in card.groups)
    where = (
        f"{wording.plural(len(card.groups), 'parameter')} that stand{'s' if len(card.groups) == 1 else ''} for {alike}"
    )
    return escape(f"{tested}: faults planted one at a time in {where}, seed {card.seed}, {card.device}")


def _row(group: Representative) -> Cells:
    survivors = ", ".join(mutant.fault for mutant in group.mutants if not mutant.caught_by)
    return {
        "parameter": escape(group.parameter),
        "alike": f"×{group.stands_for}",
        "rule": wording.rule(group.rule),
        "governed": wording.governed(group.rule),
        "planted": wording.NOTHING if group.excused else str(len(group.mutants)),
        "caught": wording.NOTHING if group.excused else str(group.caught),
        "survivors": escape(group.excused or survivors),
    }


def _lines(card: Scorecard) -> Iterator[str]:
    """Tell why faults survive, once for those of one parameter that survive alike; or what is not clean."""
    for finding in card.unclean:
        yield wording.line([finding], card.target)
    for group in card.groups:
        reasons: dict[str, list[str]] = {}
        for mutant in group.mutants:
            if not mutant.caught_by:
                reasons.setdefault(mutant.reason or "", []).append(mutant.summary)
        subject = group.parameter if group.rule is None else f"rule {group.rule}, {group.parameter}"
        for reason, summaries in reasons.items():
            yield escape(f"{subject}: {'; '.join(summaries)} survive{'s' * (len(summaries) == 1)}: {reason}")


def _total(card: Scorecard) -> str:
    if card.unclean:
        told = wording.plural(len(card.unclean), "finding")
        return f"no fault planted: what the policy itself writes is not clean ({told})"
    if card.score is None:
        return "no fault planted: the policy excuses every parameter"
    caught = len(card.mutants) - len(card.survivors)
    return f"score {card.score:.3f}: {caught} of {wording.plural(len(card.mutants), 'fault')} caught"
