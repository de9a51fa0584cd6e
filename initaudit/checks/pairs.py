"""Weights that work in pairs: low-rank factors of which just one may be zero, and zero layers that cut each other off.

All of it needs no policy, and is a warning: a trained adapter was drawn by nobody, and one zero layer may be meant.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from initaudit.checks.audit import Audit
from initaudit.laws import is_random
from initaudit.policy.expectation import Expectation
from initaudit.report import Finding
from initaudit.values import Evidence, Kind, Severity

_INPUT_SIDE = re.compile(r"(?P<stem>|.*_)(?P<role>A|a|down)(?P<rest>|_proj|_weight)")
_OUTPUT_SIDE = {"A": "B", "a": "b", "down": "up"}
"""How the factor that gives the output is called, by the name of the one that takes the input."""
_EITHER_SIDE = re.compile(_INPUT_SIDE.pattern.replace("A|a|down", "A|a|down|B|b|up"))


@dataclass(frozen=True, slots=True)
class _Factor:
    """What is known of one of two factors."""

    expectation: Expectation
    evidence: Evidence

    @property
    def shape(self) -> tuple[int, ...]:
        return self.expectation.parameter.shape

    @property
    def trained(self) -> bool:
        return self.expectation.parameter.kind is Kind.PARAMETER and not self.expectation.parameter.frozen

    @property
    def zero(self) -> bool:
        whole = self.evidence.whole
        return whole is not None and whole.finite > 0 and whole.minimum == 0 == whole.maximum

    @property
    def drawn(self) -> bool:
        """Whether the recording tells that all of it was drawn; that of a trained one was loaded."""
        left = self.evidence.left
        return bool(left) and all(is_random(one.law) for one in left)


@dataclass(frozen=True, slots=True)
class _Pair:
    """The names of two factors, and where in them the role stands."""

    first: str
    second: str
    before: str
    after: str

    @property
    def adapter(self) -> bool:
        """Whether its name says that it is added to a weight, and must be zero at first."""
        return "lora" in self.first.lower()

    def siblings(self, factors: Mapping[str, _Factor]) -> Iterator[_Factor]:
        """Give all that is multiplied with it: what differs from it in the role alone."""
        pattern = re.compile(f"{re.escape(self.before)}[^._]*{re.escape(self.after)}")
        return (factor for name, factor in factors.items() if pattern.fullmatch(name))


def findings(audit: Audit) -> Iterator[Finding]:
    """Find weights that no gradient reaches, and adapters that are not zero where they start."""
    for group in audit.cut_off:
        yield from _cut_off(audit, group)
    told = {name for group in audit.cut_off for name in group}
    factors = {one.parameter.name: _Factor(one, evidence) for one, evidence in audit.pairs()}
    for name in factors:
        pair = _pair(name)
        if pair is None or pair.second not in factors or told.issuperset((pair.first, pair.second)):
            continue
        both = factors[pair.first], factors[pair.second]
        if all(one.trained for one in both) and _meet(*(one.shape for one in both)):
            yield from _judge(audit, pair, factors)


def _cut_off(audit: Audit, group: tuple[str, ...]) -> Iterator[Finding]:
    by_name = {site.name: one for one in audit.expectations for site in one.parameter.sites}
    for name in group:
        others = " and ".join(other for other in group if other != name)
        message = f"it is zero, and so is {others}: no gradient reaches it, and it stays zero for ever"
        yield audit.finding("IA606", message, expectation=by_name[name])


def _judge(audit: Audit, pair: _Pair, factors: Mapping[str, _Factor]) -> Iterator[Finding]:
    first, second = factors[pair.first], factors[pair.second]
    if first.zero and second.zero:
        if pair.adapter or _low_rank(first.shape, second.shape):
            message = f"it is zero, and so is {pair.first}: no gradient reaches either, and both stay zero for ever"
            yield audit.finding("IA606", message, expectation=second.expectation)
    elif pair.adapter and first.drawn and second.drawn and not any(one.zero for one in pair.siblings(factors)):
        if first.expectation.clauses and second.expectation.clauses:
            return  # the policy says what it wants
        message = f"it is drawn, and so is {pair.first}: what they add is not zero, so the model is another one at once"
        yield audit.finding("IA205", message, expectation=second.expectation, severity=Severity.WARNING)


def _pair(name: str) -> _Pair | None:
    """Find the factor that belongs to one that takes the input: the same name, but for the innermost role in it.

    An adapter's own role counts before one that its name, or the layer's, seems to be.
    """
    parts = name.split(".")
    roles = [place for place, part in enumerate(parts) if _EITHER_SIDE.fullmatch(part)]
    place = max([one for one in roles if "lora" in parts[one].lower()] or roles, default=0)
    found = _INPUT_SIDE.fullmatch(parts[place])
    if found is None:
        return None
    before = "".join(f"{part}." for part in parts[:place]) + found["stem"]
    after = found["rest"] + "".join(f".{part}" for part in parts[place + 1 :])
    return _Pair(name, before + _OUTPUT_SIDE[found["role"]] + after, before, after)


def _meet(first: tuple[int, ...], second: tuple[int, ...]) -> bool:
    """Tell whether two weights have a dimension in which they are multiplied: matrices, convolutions or stacks."""
    if min(len(first), len(second)) < 2:
        return False
    places = ((0, 1), (1, 0), (-2, -1), (-1, -2))
    return any(first[one] == second[other] for one, other in places)


def _low_rank(first: tuple[int, ...], second: tuple[int, ...]) -> bool:
    """Tell whether two matrices meet in a dimension that is smaller than both of their outer ones."""
    if len(first) != 2 or len(second) != 2:
        return False
    meetings = ((first[0], second[1], first[1], second[0]), (first[1], second[0], first[0], second[1]))
    return any(inner == other and inner < min(outer) for inner, other, *outer in meetings)
