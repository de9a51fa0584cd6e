"""From a policy and all that it extends to one Policy: the nearest wins, lists add up, variables get values."""

import math
from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import chain
from pathlib import Path

from initaudit.errors import PolicyError, Problem, did_you_mean
from initaudit.policy.arithmetic import ExpressionError
from initaudit.policy.bands import DEFAULT_BANDS
from initaudit.policy.chain import File, read_chain
from initaudit.policy.expression import Expression
from initaudit.policy.faults import shown
from initaudit.policy.schema import Policy, Rule, Unmatched
from initaudit.policy.source import find
from initaudit.policy.tolerance import DEFAULT_TOLERANCE


def load_policy(source: str | Path, *, vars: Mapping[str, float] | None = None) -> Policy:  # noqa: A002
    """Load a policy from a file or a preset, with `vars` in place of those that it declares.

    Raises PolicyError with all problems of the file.
    """
    files = read_chain(find(source))
    documents = [file.document for file in files]
    tolerance, bands = DEFAULT_TOLERANCE, DEFAULT_BANDS
    for document in reversed(documents):
        tolerance = document.tolerance.over(tolerance)
        bands = document.signal.over(bands)
    ties = [document.ties for document in documents if document.ties is not None]
    unmatched = (document.unmatched for document in documents if "unmatched" in document.model_fields_set)
    return Policy(
        name=str(source),
        path=str(files[0].source.file),
        version=documents[0].version,
        description=documents[0].description,
        vars=_variables(files, vars or {}),
        rules=_rules(files),
        ties=tuple(chain.from_iterable(ties)) if ties else None,
        equal=tuple(chain.from_iterable(document.equal for document in documents)),
        unmatched=next(unmatched, Unmatched.ERROR),
        tolerance=tolerance,
        signal=bands,
    )


def _rules(files: Sequence[File]) -> tuple[Rule, ...]:
    """List the rules, the nearest first; an inherited id that is taken gets its policy's name before it."""
    rules: dict[str, Rule] = {}
    for file in files:
        for rule in file.rules(inherited=file is not files[0]):
            name = rule.id
            while name in rules:
                name = f"{file.source.file.stem}:{name}"
            rules[name] = rule.model_copy(update={"id": name})
    return tuple(rules.values())


def _variables(files: Sequence[File], overrides: Mapping[str, float]) -> dict[str, float]:
    """Work out the variables, inherited ones first, so that those derived from an override follow it."""
    homes = {name: file for file in reversed(files) for name in file.document.vars}
    _check_overrides(files[0], homes, overrides)
    written = {name: file.document.vars[name] for name, file in homes.items()}
    values = {name: float(value) for name, value in overrides.items()}
    for name in _in_order(written, homes, overrides):
        if name not in values:
            try:
                values[name] = written[name].evaluate(values)
            except ExpressionError as error:
                raise _refused(homes[name], name, f"the variable {name!r} has no value: {error}") from None
    return {name: values[name] for name in written}


def _in_order(
    written: Mapping[str, Expression], homes: Mapping[str, File], overrides: Mapping[str, float]
) -> list[str]:
    needs = {name: () if name in overrides else value.names for name, value in written.items()}
    try:
        return list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        names = [name for name in error.args[1] if name in homes]
        circle = " → ".join(reversed(names))
        raise _refused(homes[names[0]], names[0], f"variables depend on one another: {circle}") from None


def _check_overrides(file: File, known: Mapping[str, File], overrides: Mapping[str, float]) -> None:
    problems = []
    for name, value in overrides.items():
        if name not in known:
            declared = ", ".join(known) or "none"
            near = did_you_mean(name, known) or f"; it declares {declared}"
            problems.append(f"there is no variable {shown(name)} to set{near}")
        elif isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            problems.append(f"the variable {name!r} needs a finite number, not {shown(value)}")
    if problems:
        raise PolicyError(*(Problem(path=file.page.path, message=message) for message in problems))


def _refused(file: File, name: str, message: str) -> PolicyError:
    return PolicyError(file.page.problem(message, file.place("vars", name)))
