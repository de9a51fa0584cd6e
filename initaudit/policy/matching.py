"""Which rule governs which parameter: the first that matches any of its names, and what is left over on both sides."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import zip_longest

from initaudit.policy.pattern import is_named, starred
from initaudit.policy.schema import Policy, Rule, Selector
from initaudit.values import Parameter, Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A rule that governs a parameter, and the one of its names by which it does."""

    rule: Rule
    site: Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Governed:
    """A parameter and what governs it."""

    parameter: Parameter
    match: Match | None = None
    rivals: tuple[Match, ...] = ()
    """For a tied parameter: what its other names would have chosen, where that is another rule."""
    through: str | None = None
    """For a stored part of a parametrised weight: the effective name by which it is judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What one rule did: how many parameters match it, and how many of those it governs."""

    rule: Rule
    matched: int
    governed: int
    stored: int = 0
    """How many of those that match are stored parts of a weight that is judged by its effective values."""
    tied: int = 0
    """How many of those that match are tied, and governed by a rule for another of their names."""
    taken_by: tuple[str, ...] = ()
    """The rules that govern others of those that match, since they stand first."""


def assign(policy: Policy | None, parameters: Sequence[Parameter]) -> tuple[Governed, ...]:
    """Give each parameter the rule that governs it, in the parameters' order.

    A parametrised weight that a rule governs by its effective name brings its stored parts along, unless an earlier
    rule names those; one that is governed by its stored parts alone is left out.
    """
    rules = policy.rules if policy is not None else ()
    found = {parameter.name: _governed(rules, parameter) for parameter in parameters}
    for effective in [one for one in found.values() if one.parameter.effective]:
        parts = [found[name] for name in effective.parameter.stored if name in found]
        if effective.match is None and parts and all(part.match for part in parts):
            del found[effective.parameter.name]
            continue
        rank = rules.index(effective.match.rule) if effective.match else len(rules)
        for part in parts:
            if part.match is None or (rules.index(part.match.rule) >= rank and effective.match is not None):
                found[part.parameter.name] = Governed(parameter=part.parameter, through=effective.parameter.name)
    return tuple(found.values())


def tally(policy: Policy, governed: Sequence[Governed]) -> tuple[Tally, ...]:
    """Count what each rule matched and governs."""
    # not by the rule's id, for what is extended may have one of the same
    owners = Counter(id(one.match.rule) for one in governed if one.match is not None)
    touched = ((rule, [one for one in governed if _touches(rule, one.parameter)]) for rule in policy.rules)
    return tuple(
        Tally(
            rule=rule,
            matched=len(ones),
            governed=owners[id(rule)],
            stored=sum(one.through is not None for one in ones),
            tied=sum(any(rival.rule is rule for rival in one.rivals) for one in ones),
            taken_by=_owners(rule, ones),
        )
        for rule, ones in touched
    )


def _owners(rule: Rule, ones: Sequence[Governed]) -> tuple[str, ...]:
    """Name the other rules that govern parameters which this one matches."""
    return tuple(dict.fromkeys(one.match.rule.id for one in ones if one.match and one.match.rule is not rule))


def matches(selector: Selector, parameter: Parameter, site: Site) -> bool:
    """Tell whether all keys of a selector hold for a parameter under one of its names."""
    return (
        parameter.kind is selector.kind
        and (selector.frozen is None or selector.frozen is parameter.frozen)
        and (not selector.ndim or len(parameter.shape) in selector.ndim)
        and _any(selector.parameter, lambda pattern: fnmatchcase(site.local, pattern))
        and _any(selector.module, lambda pattern: any(_is_class(pattern, path) for path in site.classes))
        and _any(selector.name, lambda pattern: is_named(pattern, site.name))
    )


def equal_pairs(policy: Policy | None, parameters: Sequence[Parameter]) -> tuple[tuple[str, str], ...]:
    """Spell out the policy's `equal` patterns as pairs of first names.

    What `*` stands for must be the same in both; what one pattern alone leaves open may be anything.
    """
    names = {site.name: parameter.name for parameter in parameters for site in parameter.sites}
    pairs = []
    for first, second in policy.equal if policy is not None else ():
        turned = second.count("*") > first.count("*")
        many, few = (second, first) if turned else (first, second)
        for name, own in names.items():
            found = starred(many, name)
            twin = names.get(_with(few, found)) if found is not None else None
            if twin is not None and twin != own:
                pairs.append((twin, own) if turned else (own, twin))
    return tuple(dict.fromkeys(pairs))


def _with(pattern: str, stars: Sequence[str]) -> str:
    """Write a pattern with something in the place of each of its `*`."""
    first, *rest = pattern.split("*")
    return first + "".join(star + part for star, part in zip_longest(stars[: len(rest)], rest, fillvalue=""))


def leaders(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Give for each of some equal parameters the one by whose name it is drawn: one for all that hang together."""
    found: dict[str, str] = {}
    for pair in pairs:
        first, second = (found.get(name, name) for name in pair)
        found |= {name: first for name in (second, *found) if found.get(name, name) == second}
    return found


def _touches(rule: Rule, parameter: Parameter) -> bool:
    return any(matches(rule.match, parameter, site) for site in parameter.sites)


def _any(patterns: Sequence[str], holds: Callable[[str], bool]) -> bool:
    return not patterns or any(holds(pattern) for pattern in patterns)


def _is_class(pattern: str, path: str) -> bool:
    """Match a class name, its full path, or the shorter path of a package that re-exports it (`torch.nn.Linear`)."""
    package, _, name = pattern.rpartition(".")
    if not package:
        return path.rpartition(".")[2] == name
    return path == pattern or (path.startswith(package + ".") and path.rpartition(".")[2] == name)


def _governed(rules: Sequence[Rule], parameter: Parameter) -> Governed:
    chosen = [
        Match(rule=rule, site=site)
        for site in parameter.sites
        for rule in [next((one for one in rules if matches(one.match, parameter, site)), None)]
        if rule is not None
    ]
    if not chosen:
        return Governed(parameter=parameter)
    first = min(chosen, key=lambda match: rules.index(match.rule))
    rivals = {match.rule.id: match for match in chosen if match.rule.id != first.rule.id}
    return Governed(parameter=parameter, match=first, rivals=tuple(rivals.values()))
