"""A policy file and those that it extends, each read and validated; all problems of a file are told at once."""

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from initaudit.errors import PolicyError, Problem
from initaudit.history import Location
from initaudit.policy import diagnosis, yaml12
from initaudit.policy.faults import shown
from initaudit.policy.numbers import Known
from initaudit.policy.schema import Document, Rule
from initaudit.policy.source import Page, PolicyFile, find, read
from initaudit.policy.yaml12 import Node
from initaudit.policy.yaml_errors import Place, YamlError

LONGEST = 10
"""How many policies may extend one another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A valid policy file."""

    source: PolicyFile
    page: Page
    root: Node
    document: Document

    def place(self, *path: int | str) -> Place:
        """Give the place of the value at a path of keys and positions."""
        return diagnosis.place_of(self.root, path)

    def rules(self, *, inherited: bool) -> tuple[Rule, ...]:
        """Give the rules with their lines."""
        return tuple(
            Rule.model_construct(
                rule.model_fields_set,
                **dict(rule),
                location=Location(path=self.page.path, line=self.place("rules", position).line),
                inherited=inherited,
            )
            for position, rule in enumerate(self.document.rules)
        )


def read_chain(source: PolicyFile, *, above: tuple[str, ...] = ()) -> tuple[File, ...]:
    """Read a policy and those that it extends, nearest first; `above` are the files on the way to it."""
    page = read(source)
    root, found = _composed(page)
    written = root.plain()
    bases, foreign = _bases(source, page, root, written.get("extends"), above)
    known = None if foreign else _known(written.get("vars"), bases)
    try:
        document = Document.model_validate(written, context=known)
    except ValidationError as error:
        found += diagnosis.problems(error, root, page)
    own = [problem for problem in (*found, *foreign) if problem.path == page.path]
    if own or foreign:
        own = sorted(dict.fromkeys(own), key=lambda problem: (problem.line or 0, problem.column or 0))
        raise PolicyError(*own, *(problem for problem in foreign if problem.path != page.path))
    return File(source=source, page=page, root=root, document=document), *bases


def _composed(page: Page) -> tuple[Node, list[Problem]]:
    try:
        root, faults = yaml12.compose(page.text)
    except YamlError as error:
        raise PolicyError(page.problem(str(error), error.place)) from None
    if not isinstance(root.value, dict):
        instead = "there is nothing in it" if root.value is None else f"this is {shown(root.plain())}"
        raise PolicyError(page.problem(f"{instead}; a policy is a mapping with version and rules", root.place))
    found = [page.problem(fault.message, fault.place) for fault in faults]
    return root, [*found, *diagnosis.empty(root, page), *diagnosis.duplicates(root, page)]


def _bases(
    source: PolicyFile, page: Page, root: Node, extends: object, above: tuple[str, ...]
) -> tuple[tuple[File, ...], tuple[Problem, ...]]:
    """Read what a policy extends; what is not found is a problem of the policy that names it."""
    if not isinstance(extends, str):
        return (), ()
    here = (*above, source.real)
    place = diagnosis.place_of(root, ("extends",))
    try:
        base = find(extends, beside=source.file)
        if base.real in here:
            return (), (page.problem(f"{extends!r} extends this policy in its turn", place),)
        if len(here) >= LONGEST:
            return (), (page.problem(f"more than {LONGEST} policies extend one another", place),)
        return read_chain(base, above=here), ()
    except PolicyError as error:
        return (), tuple(
            problem if problem.line is not None else page.problem(f"{extends!r}: {problem.message}", place)
            for problem in error.problems
        )


def _known(variables: Any, bases: tuple[File, ...]) -> Known:
    inherited = frozenset(name for base in bases for name in base.document.vars)
    return Known(inherited=inherited, variables=inherited.union(variables if isinstance(variables, dict) else ()))
