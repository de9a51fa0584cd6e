"""From a rule and the parameter that it governs to what is expected of it: laws in figures, part by part."""

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from initaudit import regions
from initaudit.errors import PolicyError, Problem
from initaudit.fans import Fans, Layout, semantic_fans, torch_fans
from initaudit.initialisers import INITIALISERS, Argument, ArgumentKind, Geometry, Initialiser, calculate_gain
from initaudit.laws import INDEPENDENT, LAWS, STRUCTURED, Law, Loaded, Unknown
from initaudit.policy.arithmetic import ExpressionError, NoAttributeError
from initaudit.policy.expectation import Clause, Expectation
from initaudit.policy.expression import Expression
from initaudit.policy.initialisation import TORCH_DEFAULT, Initialisation
from initaudit.policy.matching import Governed, Match, matches
from initaudit.policy.presets import DEFAULTS
from initaudit.policy.reader import load_policy
from initaudit.policy.schema import Expect, FanCount, Policy, Rule, Slice
from initaudit.policy.tolerance import DEFAULT_ALLOWANCE, Allowance
from initaudit.raised import raised
from initaudit.regions import Box
from initaudit.values import Attribute, Parameter, Site


def expect(policy: Policy, governed: Governed) -> Expectation:
    """Resolve what a policy expects of a parameter.

    Raises PolicyError, at the rule, where an expression has no value for this parameter or its shape does not fit the
    initialiser.
    """
    parameter, match = governed.parameter, governed.match
    if governed.through is not None:
        return Expectation(governed=governed, reason=f"judged through {governed.through}")
    if match is None:
        return Expectation(governed=governed, reason=f"no rule governs this {parameter.kind}")
    rule = match.rule
    if rule.unchecked:
        return Expectation(governed=governed, reason=f"unchecked: {rule.reason}")
    if parameter.unreadable:
        return Expectation(governed=governed, reason=parameter.unreadable)
    if not parameter.numel:  # torch.nn.init writes nothing either, whatever the fans are
        return Expectation(governed=governed, reason="it has no elements")
    clauses = _clauses(policy, parameter, match)
    tolerance = DEFAULT_ALLOWANCE.but(policy.tolerance).but(rule.tolerance)
    _check_slack(rule, parameter, clauses, tolerance)
    return Expectation(
        governed=governed,
        clauses=clauses,
        tolerance=tolerance,
        rivals=tuple(_rival(policy, parameter, one) for one in governed.rivals if not _gives_way(policy, one, match)),
        other_fans=_other_fans(policy, parameter, match, clauses),
    )


def _gives_way(policy: Policy, rival: Match, match: Match) -> bool:
    """Tell whether an inherited rule for one name of a tie that the policy lists yields to an own one for another."""
    if match.rule.inherited or not rival.rule.inherited:
        return False
    return any({match.site.name, rival.site.name} <= set(tie) for tie in policy.ties or ())


def torch_default(parameter: Parameter, site: Site) -> tuple[str, Clause] | None:
    """Give the initialiser and the clause of what the module's own `reset_parameters` draws; None where not known."""
    rule = _default_rule(parameter, site)
    if rule is None or rule.init is None:
        return None
    try:
        clauses = _Resolver(_torch_defaults(), parameter, Match(rule=rule, site=site)).clauses()
    except (ExpressionError, ValueError, OverflowError):
        return None
    return rule.init.name, clauses[0]


def attributes(policy: Policy, *, defaults: bool = False) -> frozenset[str]:
    """List the `module.…` and `model.…` names that a policy's expressions ask for.

    Those of torch's own defaults are among them where the policy names these, or with `defaults`.
    """
    if defaults or any(rule.init is not None and rule.init.name == TORCH_DEFAULT for rule in policy.rules):
        return policy.attributes | _torch_defaults().attributes
    return policy.attributes


def count_expected(policy: Policy, rule: Rule, site: Site) -> float | None:
    """Give the number of parameters that a rule says it must match; None where it does not say."""
    if rule.count is None:
        return None
    try:
        return rule.count.evaluate(scope(policy, site))
    except ExpressionError as error:
        raise PolicyError(_problem(rule, f"count of rule {rule.id!r}: {error}")) from error


def scope(policy: Policy, site: Site) -> dict[str, Attribute]:
    """Gather the names that an expression may use anywhere: the policy's variables and the model's numbers."""
    known = {name: value for name, value in site.attributes.items() if value is not None}
    return {**policy.vars, **known}


def _clauses(policy: Policy, parameter: Parameter, match: Match) -> tuple[Clause, ...]:
    rule = match.rule
    try:
        return _Resolver(policy, parameter, match).clauses()
    except (ExpressionError, ValueError, OverflowError) as error:
        compiled = any(one.startswith("torch.jit.") for one in match.site.classes)
        why = " (a traced or scripted one keeps none)" if compiled and isinstance(error, NoAttributeError) else ""
        message = f"rule {rule.id!r} does not fit {parameter.name} of shape {list(parameter.shape)}: {error}{why}"
        raise PolicyError(_problem(rule, message)) from error


def _problem(rule: Rule, message: str) -> Problem:
    return Problem(path=rule.location.path, line=rule.location.line, message=message)


def _rival(policy: Policy, parameter: Parameter, rival: Match) -> tuple[str, str, tuple[str, ...]]:
    seen = parameter if rival.site.shape is None else replace(parameter, shape=rival.site.shape)
    laws = [str(clause.law) for clause in _clauses(policy, seen, rival) if rival.rule.init is not None]
    return rival.site.name, rival.rule.id, tuple(laws)


def _check_slack(rule: Rule, parameter: Parameter, clauses: tuple[Clause, ...], tolerance: Allowance) -> None:
    """Refuse an absolute slack as wide as a law: `0.05` written for `5%` would let everything pass."""
    random = [clause.law for clause in clauses if isinstance(clause.law, (*INDEPENDENT, *STRUCTURED))]
    for name, slack in (("std", tolerance.std), ("mean", tolerance.mean)):
        if slack.relative:
            continue
        hidden = next((law for law in random if 0 < law.std <= slack.value), None)
        if hidden is not None:
            share = slack.value * 100 if slack.value < 1 else slack.value
            message = (
                f"the tolerance of rule {rule.id!r} hides all of {parameter.name}: {name}: {slack.value:g} is absolute"
                f", and {hidden} has std {hidden.std:.4g}: nothing could fail; write {share:g}% for a share"
            )
            raise PolicyError(_problem(rule, message))


def _other_fans(policy: Policy, parameter: Parameter, match: Match, clauses: tuple[Clause, ...]) -> str | None:
    if len(parameter.shape) < 2 or not clauses or clauses[0].law is None:
        return None
    asked = match.rule.fans
    other = FanCount.TORCH if asked is FanCount.SEMANTIC else FanCount.SEMANTIC
    try:
        law = _Resolver(policy, parameter, match, other).clauses()[0].law
    except (ExpressionError, ValueError, OverflowError):  # the fans that nobody asked for may be none
        return None
    if law == clauses[0].law:
        return None
    named = "true connections" if other is FanCount.SEMANTIC else "torch's count"
    return f"by {named} the law would be {law}, by those that the rule asks for it is {clauses[0].law}"


class _Resolver:
    """Resolves one rule for one parameter."""

    def __init__(self, policy: Policy, parameter: Parameter, match: Match, fans: FanCount | None = None) -> None:
        self.policy = policy
        self.parameter = parameter
        self.rule = match.rule
        self.site = match.site
        self.fans = fans or match.rule.fans
        self.names = scope(policy, match.site)

    def clauses(self) -> tuple[Clause, ...]:
        default = self._default_rule()
        slices = self.rule.slices + (default.slices if isinstance(default, Rule) else ())
        drawn = None if default is None else self.parameter.shape  # torch draws a fused tensor as one
        blocks = self._blocks()
        parts = [
            replace(
                self._clause(label, box, shape, self._init(default), self.rule.expect, drawn),
                block=None if label is None else (rank, len(blocks)),
            )
            for rank, (label, box, shape) in enumerate(blocks)
        ]
        if default is None and self.rule.init is not None and self.rule.init.name == TORCH_DEFAULT:
            parts = [replace(part, law=Unknown(reason=self._no_default())) for part in parts]
        for one in slices:
            box = self._slice_box(one)
            if box is None:
                continue
            parts = [replace(part, measured=regions.subtract_all(part.measured, box)) for part in parts]
            shape = tuple(stop - start for start, stop in box)
            parts.append(self._clause(f"[{one.text}]", box, shape, one.init, one.expect))
        for part in parts:
            if isinstance(part.law, STRUCTURED) and part.measured != (part.box,):
                name = type(part.law).__name__.lower()
                raise ValueError(f"{name} holds for a tensor as a whole; give it to a rule whose slices leave it so")
        return tuple(parts)

    def _default_rule(self) -> Rule | None:
        """Find the rule that spells torch's own default, where that is asked for."""
        asked = self.rule.init is not None and self.rule.init.name == TORCH_DEFAULT
        return _default_rule(self.parameter, self.site) if asked else None

    def _no_default(self) -> str:
        owner = self.site.resets or self.site.module_type
        return f"what {owner} draws by itself is not one of torch's defaults"

    def _init(self, default: Rule | None) -> Initialisation | None:
        if default is not None:
            return default.init
        own = self.rule.init
        return None if own is None or own.name == TORCH_DEFAULT else own

    def _blocks(self) -> list[tuple[str | None, Box, tuple[int, ...]]]:
        shape = self.parameter.shape
        if self.rule.blocks is None:
            return [(None, regions.whole(shape), shape)]
        count = self.rule.blocks.count.evaluate(self._scope(shape))
        if count != int(count):
            raise ValueError(f"blocks is {count:g}; it must be a whole number")
        dim = self.rule.blocks.dim
        found: list[tuple[str | None, Box, tuple[int, ...]]] = []
        for index, box in enumerate(regions.split(shape, int(count), dim)):
            extents = tuple(stop - start for start, stop in box)
            if extents[dim] == 1 and len(extents) > 2:
                extents = extents[:dim] + extents[dim % len(extents) + 1 :]
            found.append((f"block {index} of {int(count)}", box, extents))
        return found

    def _clause(
        self,
        label: str | None,
        box: Box,
        shape: tuple[int, ...],
        init: Initialisation | None,
        expect: Expect | None,
        drawn: tuple[int, ...] | None = None,
    ) -> Clause:
        """Make the clause of a region; `drawn` is the shape that its law is made for, where that is another."""
        thresholds = {} if expect is None else self._thresholds(expect, shape)
        if init is None:
            return Clause(
                label=label,
                box=box,
                measured=(box,),
                shape=shape,
                thresholds=thresholds,
                through=self.rule.through,
            )
        entry = INITIALISERS[init.name]
        arguments = {one.name: self._argument(one, init, drawn or shape) for one in entry.arguments}
        law = self._law(entry, drawn or shape, arguments)
        if self.rule.through is not None and not isinstance(law, INDEPENDENT):
            raise ValueError(f"through {self.rule.through} needs a law of independent draws, not {init.name}")
        return Clause(
            label=label,
            box=box,
            measured=(box,),
            shape=shape,
            law=law,
            thresholds=thresholds,
            through=self.rule.through,
            writer=entry if entry.writer is not None else None,
            arguments={name: value for name, value in arguments.items() if isinstance(value, int | float | str)},
        )

    def _law(self, entry: Initialiser, shape: tuple[int, ...], arguments: Mapping[str, Any]) -> Law | None:
        if entry.law is None:
            return None
        geometry = Geometry(shape=shape, fans=self._fans_of(shape))
        try:
            law = entry.law(geometry, **arguments)
        except Exception as error:
            if entry.writer is None:
                raise
            raise ValueError(f"the law of {entry.name} {raised(error)}") from error
        if not isinstance(law, LAWS):
            raise ValueError(f"the law of {entry.name} gave {law!r}, which is no law of initaudit.laws")
        return self._file(law) if isinstance(law, Loaded) else law

    def _argument(self, argument: Argument, init: Initialisation, shape: tuple[int, ...]) -> Any:
        value = init.arguments.get(argument.name, argument.default)
        if argument.kind is ArgumentKind.ELEMENTWISE and isinstance(value, Expression):
            names = self._scope(shape)
            length = shape[-1] if shape else 1
            return value.text, tuple(value.evaluate({**names, "i": index}) for index in range(length))
        if isinstance(value, Expression):
            return value.evaluate(self._scope(shape))
        if argument.kind is ArgumentKind.GAIN and isinstance(value, str):
            return calculate_gain(value)
        return value

    def _thresholds(self, expect: Expect, shape: tuple[int, ...]) -> dict[str, tuple[float, float]]:
        names = self._scope(shape)
        bounds = {key: getattr(expect, key) for key in ("mean", "std", "min", "max", "zeros")}
        return {
            key: (pair[0].evaluate(names), pair[1].evaluate(names)) for key, pair in bounds.items() if pair is not None
        }

    def _scope(self, shape: tuple[int, ...]) -> dict[str, Attribute]:
        names: dict[str, Attribute] = {
            **self.names,
            "shape": shape,
            "ndim": len(shape),
            "numel": math.prod(shape),
        }
        fans = self._fans_of(shape)
        if fans is not None:
            names |= {"fan_in": fans.fan_in, "fan_out": fans.fan_out}
        return names

    def _fans_of(self, shape: tuple[int, ...]) -> Fans | None:
        if self.fans is FanCount.TORCH:
            return torch_fans(shape)
        layout = self.parameter.layout
        if len(shape) < len(self.parameter.shape):  # a stacked part is no kernel of a grouped convolution
            layout = Layout(input_first=layout.input_first)
        elif shape != self.parameter.shape:
            layout = Layout(
                groups=max(1, layout.groups * shape[0] // self.parameter.shape[0]),
                input_first=layout.input_first,
            )
        return semantic_fans(shape, layout)

    def _slice_box(self, one: Slice) -> Box | None:
        """Give the box of a slice; None where its index names an attribute that is None."""
        shape = self.parameter.shape
        names = self._scope(shape)
        if any(self.site.attributes.get(name, 0) is None for part in one.index for name in _names(part)):
            return None
        if len(one.index) > len(shape):
            raise ValueError(f"the index [{one.text}] has more dimensions than the shape {shape}")
        bounds = [_range(part, names, extent, one.text) for part, extent in zip(one.index, shape, strict=False)]
        return tuple(bounds) + regions.whole(shape)[len(bounds) :]

    def _file(self, law: Loaded) -> Loaded:
        folder = Path(self.rule.location.path).parent
        return Loaded(file=str(folder / law.file), key=law.key + self.site.name.removeprefix(law.strip))


@cache
def _torch_defaults() -> Policy:
    """Give the preset that spells torch's own initialisation, rule by rule."""
    return load_policy(DEFAULTS)


def _default_rule(parameter: Parameter, site: Site) -> Rule | None:
    """Find the rule that spells what torch's own `reset_parameters` draws for a parameter."""
    if site.resets is not None and not site.resets.startswith("torch.nn."):
        return None
    return next((rule for rule in _torch_defaults().rules if matches(rule.match, parameter, site)), None)


IndexPart = Expression | tuple[Expression | None, Expression | None]


def _names(part: IndexPart) -> frozenset[str]:
    if isinstance(part, Expression):
        return part.names
    return frozenset().union(*(end.names for end in part if end is not None))


def _range(part: IndexPart, names: Mapping[str, Attribute], extent: int, text: str) -> tuple[int, int]:
    if isinstance(part, Expression):
        index = _whole(part, names)
        if not -extent <= index < extent:
            raise ValueError(f"the index {index} of [{text}] lies outside a dimension of {extent}")
        return index % extent, index % extent + 1
    ends = [None if end is None else _whole(end, names) for end in part]
    start, stop, _ = slice(*ends).indices(extent)
    if start >= stop:
        raise ValueError(f"the slice [{text}] is empty in a dimension of {extent}")
    return start, stop


def _whole(expression: Expression, names: Mapping[str, Attribute]) -> int:
    value = expression.evaluate(names)
    if value != int(value):
        raise ValueError(f"{expression.text} is {value:g}; an index must be a whole number")
    return int(value)
