"""Every family of checks: one case that passes, one that fails and one that is skipped, with plain values."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from initaudit.checks import conformity, coverage, distribution, health, provenance, ties
from initaudit.checks.audit import Audit, count_tests
from initaudit.checks.registry import findings_of
from initaudit.checks.selection import select
from initaudit.errors import OptionError
from initaudit.history import Location
from initaudit.laws import Constant, Law, Normal, Orthogonal, Pattern, Sparse, Uniform, Unknown
from initaudit.policy.expectation import Clause, Expectation
from initaudit.policy.matching import Governed, Match, Tally
from initaudit.policy.schema import Policy, Rule, Through, Unmatched
from initaudit.regions import numel, whole
from initaudit.report import Finding
from initaudit.rows import rows_of
from initaudit.values import Evidence, Kind, Mode, Moments, Observation, Outcome, Parameter, Severity, Site

SHAPE = (100, 100)
COUNT = 10_000


def rule(**keys: Any) -> Rule:
    written = {"id": "r", "match": {"name": "*"}, "init": "zeros", **keys}
    placed = {"location": Location(path="p.yaml", line=3), "inherited": written.pop("inherited", False)}
    return Rule.model_validate(written).model_copy(update=placed)


def parameter(*names: str, **facts: Any) -> Parameter:
    sites = tuple(
        Site(name=name, local=name.rpartition(".")[2], module="", classes=("pkg.Net",)) for name in names or ("w",)
    )
    return Parameter(sites=sites, **{"shape": SHAPE, "dtype": "float32", **facts})


def moments(mean: float = 0.0, std: float = 1.0, low: float = -4.0, high: float = 4.0, **facts: Any) -> Moments:
    given = {"count": COUNT, "zeros": 0, **facts}
    finite = given["count"] - given.get("nonfinite", 0)
    return Moments(mean=mean, m2=std**2 * max(finite - 1, 0), minimum=low, maximum=high, **given)


def clause(law: Law | None = None, label: str | None = None, **facts: Any) -> Clause:
    box = whole(SHAPE)
    return Clause(label=label, box=box, measured=(box,), shape=SHAPE, law=law, **facts)


def expected(*clauses: Clause, of: Parameter | None = None, by: Rule | None = None, **facts: Any) -> Expectation:
    one, governing = of or parameter(), by or rule()
    match = Match(rule=governing, site=one.sites[0])
    return Expectation(governed=Governed(parameter=one, match=match), clauses=clauses, **facts)


def ungoverned(one: Parameter, **facts: Any) -> Expectation:
    return Expectation(governed=Governed(parameter=one), **facts)


def evidence(*observed: Moments | Observation, **facts: Any) -> Evidence:
    observations = tuple(one if isinstance(one, Observation) else Observation(moments=one) for one in observed)
    return Evidence(
        **{"whole": observations[0].moments if observations else None, "observations": observations, **facts}
    )


def audit(*pairs: tuple[Expectation, Evidence], **facts: Any) -> Audit:
    expectations = tuple(one for one, _ in pairs)
    found = tuple(one for _, one in pairs)
    given = {
        "policy": Policy(name="p", path="p.yaml"),
        "mode": Mode.AS_BUILT,
        "built": found,
        "counts": {},
        "fresh_is_nan": True,
        "unequal": frozenset(),
        "tests": count_tests(expectations),
        "location": None,
        "today": date(2026, 1, 1),
        **facts,
    }
    return Audit(expectations=expectations, evidence=found, **given)


def codes(check: Callable[[Audit], Iterator[Finding]], *pairs: tuple[Expectation, Evidence], **facts: Any) -> list[str]:
    return [finding.code for finding in check(audit(*pairs, **facts))]


def judged(law: Law | None, observed: Moments | Observation, **facts: Any) -> list[str]:
    return codes(distribution.findings, (expected(clause(law, **facts)), evidence(observed)))


# IA2xx


@pytest.mark.parametrize(
    ("std", "ratio"),
    [(4.0, " (4× as wide);"), (0.25, " (1/4 as wide);"), (999.0, " (999× as wide);"), (2000.0, ";"), (1e-4, ";")],
)
def test_ratio_is_told_where_it_says_more_than_the_figures(std: float, ratio: str) -> None:
    pair = expected(clause(Normal())), evidence(moments(std=std))
    (found,) = distribution.findings(audit(pair))
    assert f"std {std:.4g} where N(0, 1) has 1{ratio}" in found.message


def test_mean_and_std_outside_their_bands_are_found() -> None:
    assert judged(Normal(), moments(mean=0.5)) == ["IA201"]
    assert judged(Normal(), moments(std=1.2)) == ["IA202"]
    assert judged(Normal(), moments(mean=-1.0, std=0.1)) == ["IA201", "IA202"]
    assert judged(Normal(), moments()) == []
    assert judged(Normal(), Observation(moments=moments(count=0))) == []


def test_message_gives_the_band_of_the_declared_law_and_not_of_the_spread_that_was_found() -> None:
    of_ten_thousand = evidence(moments(mean=0.5, std=0.29, low=0.0, high=1.0))
    told, *_ = distribution.findings(audit((expected(clause(Uniform(low=0, high=0.004))), of_ten_thousand)))
    assert told.code == "IA201"
    assert told.band is not None
    assert 0 < told.band[0] < 0.002 < told.band[1] < 0.004


def test_message_says_how_many_times_as_wide() -> None:
    (finding,) = distribution.findings(audit((expected(clause(Normal(std=0.02))), evidence(moments(std=0.04)))))
    assert finding.message.startswith("std 0.04 where N(0, 0.02) has 0.02 (2× as wide); 10,000 values may give 0.01")
    assert finding.band is not None
    assert finding.band[0] < 0.02 < finding.band[1]
    assert (finding.expected, finding.observed) == (0.02, pytest.approx(0.04))


def test_value_outside_the_support_is_found() -> None:
    law = Uniform(low=-1, high=1)
    inside = moments(std=law.std, low=-1.0, high=1.0)
    assert judged(law, inside) == []
    assert judged(law, replace(inside, minimum=-1.001)) == ["IA203"]
    assert judged(law, replace(inside, maximum=1.001)) == ["IA203"]
    assert judged(Normal(), moments(low=-99, high=99)) == []


def test_support_allows_for_rounding_to_the_dtype() -> None:
    law = Uniform(low=-1, high=1)
    seen = moments(std=law.std, low=-1.0, high=1.0078125)
    for dtype, found in {"bfloat16": [], "float32": ["IA203"]}.items():
        pair = expected(clause(law), of=parameter(dtype=dtype)), evidence(seen)
        assert codes(distribution.findings, pair) == found


def test_constant_that_differs_is_found() -> None:
    assert judged(Constant(value=1), Observation(moments=moments(), differing=3)) == ["IA206"]
    assert judged(Constant(value=1), Observation(moments=moments(), differing=0)) == []
    assert judged(Constant(value=1), Observation(moments=moments(), differing=None)) == []


def test_structure_that_does_not_hold_is_found() -> None:
    eye = Pattern(name="eye", ones=100, numel=COUNT)
    assert judged(eye, Observation(moments=moments(), differing=1)) == ["IA205"]
    sparse = Sparse(rows=100, columns=100, sparsity=0.1, spread=1.0)
    seen = moments(std=sparse.std, zeros=1000)
    assert judged(sparse, Observation(moments=seen, columns_off=2)) == ["IA205"]
    assert judged(sparse, Observation(moments=seen, columns_off=0)) == []
    orthogonal = Orthogonal(rows=100, columns=100)
    seen = moments(std=0.1, low=-0.5, high=0.5)
    for residual, found in ((0.1, ["IA205"]), (float("nan"), []), (1e-6, [])):
        given = None if residual != residual else residual
        assert judged(orthogonal, Observation(moments=seen, residual=given)) == found


@pytest.mark.parametrize(
    ("key", "bounds", "code"),
    [
        ("mean", (0.1, 0.2), "IA201"),
        ("std", (0.1, 0.2), "IA202"),
        ("min", (-3.0, 0.0), "IA203"),
        ("max", (0.0, 3.0), "IA203"),
        ("zeros", (0.1, 0.2), "IA203"),
    ],
)
def test_threshold_that_is_missed_is_found(key: str, bounds: tuple[float, float], code: str) -> None:
    assert judged(None, moments(), thresholds={key: bounds}) == [code]
    assert judged(None, moments(), thresholds={key: (-9.0, 9.0)}) == []
    assert judged(None, moments(count=0), thresholds={key: bounds}) == []


def test_threshold_on_zeros_that_were_not_counted_is_skipped() -> None:
    assert judged(None, moments(zeros=None), thresholds={"zeros": (0.5, 1.0)}) == []


def test_region_that_is_off_is_named() -> None:
    pair = (
        expected(clause(Normal()), clause(Constant(value=0), "[padding_idx]")),
        evidence(moments(), Observation(label="[padding_idx]", moments=moments(), differing=4)),
    )
    (finding,) = distribution.findings(audit(pair))
    assert (finding.code, finding.parameter) == ("IA207", "w")
    assert finding.message.startswith("[padding_idx]: 4 of 10,000 values are not 0")


def test_values_that_a_function_makes_infinite_are_found() -> None:
    seen = moments(nonfinite=7)
    assert judged(Normal(), seen, through=Through.LOG) == ["IA203"]
    assert judged(Normal(), seen) == []


def test_buffer_with_infinite_values_is_found_where_a_rule_speaks_of_it() -> None:
    def found(law: Law | None, nonfinite: int, nans: int = 0, **facts: Any) -> list[str]:
        buffer = parameter(kind=Kind.BUFFER)
        pair = expected(clause(law, **facts), of=buffer), evidence(moments(nonfinite=nonfinite, nans=nans))
        return codes(distribution.findings, pair)

    assert found(Normal(), COUNT) == ["IA203"]
    assert found(Normal(), 1) == ["IA203"]
    assert found(None, COUNT, thresholds={"mean": (-1.0, 1.0)}) == ["IA203"]
    assert found(None, COUNT) == []
    assert found(Normal(), 0) == []
    assert found(Normal(), COUNT, nans=COUNT) == []  # its health tells that


def test_other_fans_are_a_note() -> None:
    (note,) = distribution.findings(audit((expected(other_fans="other"), evidence())))
    assert (note.severity, note.message) == (Severity.NOTE, "fans: other")


# IA3xx


def test_values_that_nobody_wrote_are_found_where_that_can_be_told() -> None:
    unwritten = (expected(), evidence(moments(nonfinite=COUNT, nans=COUNT)))
    assert codes(health.findings, unwritten) == ["IA301"]
    assert codes(health.findings, unwritten, fresh_is_nan=False) == ["IA303"]
    assert codes(health.findings, (expected(), evidence(moments(nonfinite=1)))) == ["IA303"]
    assert codes(health.findings, (expected(), evidence(moments()))) == []
    assert codes(health.findings, (expected(), evidence(reason="none"))) == []


def test_ungoverned_mask_of_infinities_is_no_finding() -> None:
    mask = ungoverned(parameter(kind=Kind.BUFFER)), evidence(moments(nonfinite=50))
    assert codes(health.findings, mask) == []


# IA1xx


def test_parameter_without_a_rule_is_found() -> None:
    pair = ungoverned(parameter("a.gate")), evidence(moments())
    for unmatched, severity in ((Unmatched.ERROR, Severity.ERROR), (Unmatched.WARNING, Severity.WARNING)):
        policy = Policy(name="p", path="p", unmatched=unmatched)
        (finding,) = coverage.findings(audit(pair, policy=policy))
        assert (finding.code, finding.severity) == ("IA101", severity)
        assert finding.message == "no rule governs this Net's gate of shape [100, 100]"
    ignoring = Policy(name="p", path="p", unmatched=Unmatched.IGNORE)
    assert codes(coverage.findings, pair, policy=ignoring) == []
    assert codes(coverage.findings, pair, policy=None) == []
    buffer = ungoverned(parameter(kind=Kind.BUFFER)), evidence(moments())
    assert codes(coverage.findings, buffer) == []


@pytest.mark.parametrize(
    ("matched", "governed", "count", "code"),
    [
        (0, 0, None, "IA102"),
        (3, 0, None, "IA103"),
        (3, 2, None, None),
        (3, 2, 3, "IA102"),
        (3, 3, 3, None),
        (0, 0, 0, None),
    ],
)
def test_rule_that_does_not_govern_what_it_should_is_found(
    matched: int, governed: int, count: int | None, code: str | None
) -> None:
    tallies = (Tally(rule=rule(), matched=matched, governed=governed),)
    counts = {} if count is None else {"r": float(count)}
    found = list(coverage.findings(audit(tallies=tallies, counts=counts)))
    assert [one.code for one in found] == ([] if code is None else [code])
    assert all(one.location == Location(path="p.yaml", line=3) and one.rule == "r" for one in found)


def test_rules_that_stand_first_and_take_what_another_matches_are_named() -> None:
    taken = Tally(rule=rule(), matched=4, governed=1, taken_by=("weights", "heads"))
    (counted,) = coverage.findings(audit(tallies=(taken,), counts={"r": 4.0}))
    assert counted.message == (
        "it governs 1 parameter where its count says 4; of the 4 that it matches, 3 are governed by earlier rules "
        "(weights, heads)"
    )
    (idle,) = coverage.findings(audit(tallies=(replace(taken, governed=0),)))
    assert idle.message == "it matches 4 parameters, governed by earlier rules (weights, heads)"


def test_rule_that_names_nothing_but_stored_parts_is_a_note_where_their_weight_is_governed() -> None:
    tallies = (Tally(rule=rule(), matched=2, governed=0, stored=2),)
    assert [(one.code, one.severity) for one in coverage.findings(audit(tallies=tallies))] == [("IA103", Severity.NOTE)]


def test_inherited_rule_that_matches_nothing_is_a_note() -> None:
    tallies = (Tally(rule=rule(inherited=True), matched=0, governed=0),)
    assert [one.severity for one in coverage.findings(audit(tallies=tallies))] == [Severity.NOTE]


@pytest.mark.parametrize(("day", "found"), [("2025-12-31", ["IA101"]), ("2026-01-01", []), ("2026-01-02", [])])
def test_rule_whose_day_has_passed_is_found(day: str, found: list[str]) -> None:
    excused = rule(init="unchecked", reason="from the teacher", until=day)
    policy = Policy(name="p", path="p", rules=(excused,))
    assert codes(coverage.findings, policy=policy) == found


def test_tie_whose_names_have_other_laws_is_found() -> None:
    tied = parameter("a", "b")
    for laws, found in ((("= 1",), ["IA104"]), ((), ["IA104"]), (("N(0, 1)",), [])):
        pair = expected(clause(Normal()), of=tied, rivals=(("b", "other", laws),)), evidence(moments())
        assert codes(coverage.findings, pair) == found


@pytest.mark.parametrize(
    ("laws", "count", "found"),
    [
        (("N(0, 1)",), None, []),
        (("N(0, 1)",), 1, []),
        (("N(0, 1)",), 2, ["IA102"]),
        (("= 1",), None, ["IA103"]),
        (("= 1",), 1, ["IA102"]),
    ],
)
def test_rule_that_agrees_with_the_one_for_another_name_of_a_tie_is_no_mistake(
    laws: tuple[str, ...], count: int | None, found: list[str]
) -> None:
    pair = expected(clause(Normal()), of=parameter("a", "b"), rivals=(("b", "r", laws),)), evidence(moments())
    tallies = (Tally(rule=rule(), matched=1, governed=0, tied=1, taken_by=("first",)),)
    told = list(coverage.idle_rules(audit(pair, tallies=tallies, counts={} if count is None else {"r": count})))
    assert [one.code for one in told] == found
    if found == ["IA103"]:
        shown = "it matches 1 parameter, governed by earlier rules (first) under another name of the same tie"
        assert told[0].message == shown


def test_rule_without_effect_is_found() -> None:
    computed = parameter(stored=("w_g", "w_v"), invertible=False)
    lazy = parameter(unreadable="it is lazy", shape=())
    unknown = clause(Unknown(reason="nobody knows"))
    for one, in_apply, as_built in (
        (expected(clause(Normal()), of=computed), [("IA105", Severity.ERROR)], []),
        (expected(of=lazy), [("IA105", Severity.ERROR)], [("IA105", Severity.WARNING)]),
        (expected(unknown), [("IA105", Severity.ERROR)], []),
        (expected(clause(Normal())), [], []),
    ):
        for mode, wanted in ((Mode.APPLY, in_apply), (Mode.AS_BUILT, as_built)):
            found = coverage.findings(audit((one, evidence(moments())), mode=mode))
            assert [(finding.code, finding.severity) for finding in found] == wanted


# IA4xx


def tied(*listed: tuple[str, ...], of: tuple[Parameter, ...], **facts: Any) -> list[tuple[str, str | None]]:
    policy = Policy(name="p", path="p", ties=listed)
    pairs = [(expected(of=one), evidence(moments())) for one in of]
    return [(one.code, one.parameter) for one in ties.findings(audit(*pairs, policy=policy, **facts))]


def test_declared_tie_that_is_broken_is_found() -> None:
    apart = parameter("a", storage=0), parameter("b", storage=1)
    assert tied(("a", "b"), of=apart) == [("IA404", "a")]
    assert tied(("a", "c"), of=apart) == [("IA404", None)]
    assert tied(("a", "b"), of=(parameter("a", storage=0), parameter("b", storage=0))) == []


def test_group_of_names_is_tied_where_all_share_one_storage() -> None:
    together, apart = parameter("a", "b", storage=0), parameter("c", storage=1)
    assert tied(("a", "b", "c"), of=(together, apart)) == [("IA404", "a")]
    assert tied(("c", "a", "b"), of=(together, apart)) == [("IA404", "c"), ("IA404", "c")]
    assert tied(("a", "b", "d"), of=(together,)) == [("IA404", None)]
    assert tied(("a", "b", "c"), of=(parameter("a", "b", "c"),)) == []


def test_tie_that_is_not_listed_is_found() -> None:
    three = (parameter("a", "b", "c"),)
    assert tied(of=three) == [("IA405", "a"), ("IA405", "a")]
    assert tied(("a", "b"), of=three) == [("IA405", "a")]
    assert tied(("a", "b"), ("b", "c"), of=three) == []
    silent = Policy(name="p", path="p", ties=None)
    assert codes(ties.findings, (expected(of=three[0]), evidence()), policy=silent) == []


def test_modules_that_share_all_their_tensors_are_told_once_for_each_two() -> None:
    names = ("weight", "bias", "scale")
    shared = [(expected(of=parameter(f"a.{one}", f"b.{one}")), evidence()) for one in names]
    beside = expected(of=parameter("head.weight", "embed.weight")), evidence()
    facts = audit(*shared, beside, policy=Policy(name="p", path="p", ties=()))
    first, second = ties.findings(facts)
    assert first.message == (
        "it shares storage with b.weight, a tie that the policy does not list; "
        "so do 2 more tensors of a with those of b"
    )
    assert (first.parameter, first.others) == ("a.weight", ("a.bias", "a.scale"))
    assert (second.parameter, second.others) == ("head.weight", ())


def test_one_module_at_several_places_of_a_list_is_a_note_where_no_tie_is_spoken_of() -> None:
    blocks = [f"blocks.{number}.proj.weight" for number in range(6)]
    silent, forbidden = (Policy(name="p", path="p", ties=given) for given in (None, ()))

    def told(names: list[str], policy: Policy | None) -> list[tuple[Severity, str]]:
        twice = [(expected(of=parameter(*names)), evidence(moments())) for _ in range(2)]
        return [(one.severity, one.message) for one in ties.findings(audit(*twice, policy=policy))]

    (note,) = told(blocks, None)
    assert note == (
        Severity.NOTE,
        "blocks.0 is one module with blocks.1, blocks.2, blocks.3 and 2 more: 2 of its tensors are shared, and what "
        "trains one trains all",
    )
    assert told(blocks, silent) == [note]
    assert {severity for severity, _ in told(blocks, forbidden)} == {Severity.ERROR}
    assert told(["wte.weight", "lm_head.weight"], None) == []


def test_two_parameters_over_one_memory_are_found_whether_the_policy_ties_them_or_not() -> None:
    shared = parameter("a", "b")
    apart = replace(shared, sites=(shared.sites[0], replace(shared.sites[1], apart=True, shape=(3, 4))))

    def told(of: Parameter, policy: Policy | None) -> list[tuple[str, Severity]]:
        facts = audit((expected(of=of), evidence(moments())), policy=policy)
        return [(one.code, one.severity) for one in ties.findings(facts)]

    without, listed = (Policy(name="p", path="p", ties=given) for given in (None, (("a", "b"),)))
    assert told(apart, None) == told(apart, without) == told(apart, listed) == [("IA405", Severity.WARNING)]
    assert told(apart, Policy(name="p", path="p", ties=())) == [("IA405", Severity.ERROR)]
    assert told(shared, None) == told(replace(apart, frozen=True), None) == []
    assert told(replace(apart, kind=Kind.BUFFER), None) == []


def test_values_that_should_be_equal_and_are_not_are_found() -> None:
    two = parameter("a"), parameter("b")
    assert tied(of=two, unequal=frozenset({("a", "b")})) == [("IA404", "b")]


# IA5xx


def test_frozen_parameter_that_would_be_drawn_anew_is_found() -> None:
    frozen = expected(clause(Normal()), of=parameter(frozen=True)), evidence(moments())
    assert codes(provenance.findings, frozen, mode=Mode.APPLY) == ["IA502"]
    assert codes(provenance.findings, frozen) == []
    constant = expected(clause(Constant(value=0)), of=parameter(frozen=True)), evidence(moments())
    assert codes(provenance.findings, constant, mode=Mode.APPLY) == []


# as built


def test_what_the_policy_mends_is_noted_once() -> None:
    one, after = expected(clause(Normal())), evidence(moments())
    before = evidence(moments(mean=3, std=9))
    (note,) = conformity.findings(audit((one, after), built=(before,), mode=Mode.APPLY))
    assert note.severity is Severity.NOTE
    assert note.message.startswith("as built: mean 3 where N(0, 1) has 0")
    assert note.as_built
    assert codes(conformity.findings, (one, after), mode=Mode.APPLY) == []
    assert codes(conformity.findings, (one, before)) == []


# order and selection


def test_findings_come_by_parameter_then_code() -> None:
    bad = evidence(moments(mean=5, std=5, nonfinite=1))
    first, second = expected(clause(Normal()), of=parameter("z")), expected(clause(Normal()), of=parameter("a"))
    idle = (Tally(rule=rule(), matched=0, governed=0),)
    found = [(one.parameter, one.code) for one in findings_of(audit((first, bad), (second, bad), tallies=idle))]
    assert found == [(name, code) for name in "za" for code in ("IA201", "IA202", "IA303")] + [(None, "IA102")]


def finding(code: str) -> Finding:
    return Finding(code=code, severity=Severity.ERROR, message="m")


def test_selected_prefixes_are_kept_and_ignored_ones_dropped() -> None:
    found = tuple(finding(code) for code in ("IA101", "IA201", "IA202", "IA303"))
    assert [one.code for one in select(found, ("ia2", " IA303 "), ())] == ["IA201", "IA202", "IA303"]
    assert [one.code for one in select(found, (), ("IA2",))] == ["IA101", "IA303"]
    assert [one.code for one in select(found, ("IA2",), ("IA202",))] == ["IA201"]
    assert select(found, (), ()) == found


def test_ignore_that_keeps_nothing_away_is_a_finding() -> None:
    found = (finding("IA201"),)
    (kept, idle) = select(found, (), ("IA3",))
    assert (kept.code, idle.code) == ("IA201", "IA102")
    assert idle.message == "--ignore IA3 keeps no finding away; leave it out"
    assert select(found, ("IA2",), ("IA3",)) == found
    assert [one.code for one in select(found, (), ("IA3", "IA102"))] == ["IA201"]


@pytest.mark.parametrize("prefix", ["IA9", "X", "", "IA2011"])
def test_unknown_code_is_refused(prefix: str) -> None:
    with pytest.raises(OptionError, match="no code is called"):
        select((), (prefix,), ())


# rows


def row(one: Expectation, found: Evidence, **facts: Any) -> Any:
    facts_of = audit((one, found), **facts)
    return rows_of(facts_of, findings_of(facts_of))[0]


def test_row_fails_by_what_is_more_than_a_note() -> None:
    good, bad = evidence(moments()), evidence(moments(std=3))
    assert row(expected(clause(Normal())), good).outcome is Outcome.PASS
    assert row(expected(clause(Normal())), bad).outcome is Outcome.FAIL
    assert row(expected(clause(Normal()), other_fans="x"), good).outcome is Outcome.PASS
    assert row(expected(clause(Normal())), good, built=(bad,), mode=Mode.APPLY).outcome is Outcome.PASS


def test_row_that_nothing_judged_is_skipped_with_its_reason() -> None:
    excused = row(expected(reason="unchecked: from the teacher"), evidence(moments()))
    assert (excused.outcome, excused.reason) == (Outcome.SKIP, "unchecked: from the teacher")
    missing = row(expected(clause(Normal())), evidence(reason="it has no elements"))
    assert (missing.outcome, missing.reason, missing.measured) == (Outcome.SKIP, "it has no elements", None)
    unknown = row(expected(clause(Unknown(reason="nobody knows"))), evidence(moments()))
    assert (unknown.outcome, unknown.reason) == (Outcome.SKIP, "nobody knows")


def test_buffer_without_a_policy_is_judged_by_its_health_alone() -> None:
    buffer = ungoverned(parameter(kind=Kind.BUFFER)), evidence(moments())
    (found,) = rows_of(audit(buffer, policy=None), ())
    assert (found.outcome, found.reason) == (Outcome.PASS, None)


def test_excused_row_that_is_unhealthy_fails() -> None:
    found = row(expected(reason="unchecked: r"), evidence(moments(nonfinite=1)))
    assert (found.outcome, found.reason) == (Outcome.FAIL, "unchecked: r")


def test_row_tells_the_law_and_what_it_could_have_seen() -> None:
    found = row(expected(clause(Normal(std=0.5))), evidence(moments(std=0.5)))
    assert (found.expected.law, found.expected.mean, found.expected.std) == ("N(0, 0.5)", 0, 0.5)
    assert 0 < found.detectable.std < 0.05
    assert 0 < found.detectable.mean < 0.05
    assert found.parts == ()
    thresholds = row(expected(clause(None, thresholds={"mean": (-1.0, 1.0)})), evidence(moments()))
    assert thresholds.expected.law == "mean in [-1, 1]"
    assert thresholds.detectable is None


def test_row_of_a_function_of_the_values_measures_that_function() -> None:
    seen, raw = moments(), moments(mean=9)
    one = expected(clause(Normal(), through=Through.LOG))
    found = row(one, Evidence(whole=raw, observations=(Observation(moments=seen),)))
    assert found.measured == seen
    assert found.expected.law == "log: N(0, 1)"


def test_parts_of_a_row_have_outcomes_of_their_own() -> None:
    off = Observation(label="[0]", moments=moments(), differing=1)
    found = row(expected(clause(Normal()), clause(Constant(value=0), "[0]")), evidence(moments(), off))
    assert [(part.label, part.outcome) for part in found.parts] == [("the rest", Outcome.PASS), ("[0]", Outcome.FAIL)]


def test_part_that_nothing_judges_is_skipped() -> None:
    excused = row(expected(clause(Normal()), clause(None, "[0]")), evidence(moments(), moments()))
    assert [part.outcome for part in excused.parts] == [Outcome.PASS, Outcome.SKIP]
    assert excused.outcome is Outcome.PASS


def blocks(*stds: float) -> Audit:
    """Give an audit of a parameter of equal blocks, declared of std 1, with these."""
    labels = [f"block {rank} of {len(stds)}" for rank in range(len(stds))]
    clauses = [replace(clause(Normal(), label), block=(rank, len(stds))) for rank, label in enumerate(labels)]
    seen = [Observation(label=label, moments=moments(std=std)) for label, std in zip(labels, stds, strict=True)]
    return audit((expected(*clauses), evidence(*seen)))


def test_blocks_that_are_told_in_one_finding_each_fail() -> None:
    facts = blocks(3, 1, 3)
    found = findings_of(facts)
    assert [one.parts for one in found] == [("block 0 of 3", "block 2 of 3")]
    (told,) = rows_of(facts, found, found)
    assert [part.outcome for part in told.parts] == [Outcome.FAIL, Outcome.PASS, Outcome.FAIL]


def test_part_whose_findings_nobody_asked_for_is_skipped_as_its_row_is() -> None:
    facts = blocks(3, 1)
    found = findings_of(facts)
    (told,) = rows_of(facts, select(found, (), ("IA207",)), found)
    assert (told.outcome, told.left_out) == (Outcome.SKIP, ("IA207",))
    assert [part.outcome for part in told.parts] == [Outcome.SKIP, Outcome.PASS]


def test_parts_of_a_row_that_is_measured_only_are_skipped() -> None:
    (told,) = rows_of(blocks(3, 1), (), judged=False)
    assert [part.outcome for part in told.parts] == [Outcome.SKIP, Outcome.SKIP]


def test_boxes_of_these_tests_hold_what_they_say() -> None:
    assert numel(whole(SHAPE)) == COUNT
