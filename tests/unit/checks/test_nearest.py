"""What a selector that matches nothing may have meant, and which variable makes a count wrong."""

from datetime import date

import pytest

from initaudit.checks.audit import Audit
from initaudit.checks.coverage import findings
from initaudit.history import Location
from initaudit.policy.expectation import Expectation
from initaudit.policy.matching import Governed, Tally
from initaudit.policy.schema import Policy, Rule, Unmatched
from initaudit.report import Finding
from initaudit.values import Mode, Parameter, Severity, Site

CONV = ("torch.nn.modules.conv.Conv2d", "torch.nn.modules.conv._ConvNd", "torch.nn.modules.module.Module")
LINEAR = ("torch.nn.modules.linear.Linear", "torch.nn.modules.module.Module")
NAMES = {"stem.weight": CONV, "h.0.c_proj.weight": LINEAR, "h.0.c_proj.bias": LINEAR}


def idle(*, matched: int = 0, wanted: float | None = None, inherited: bool = False, **keys: object) -> Finding:
    """Give the finding about a rule of this selector, in a model of these names, that matched so many parameters."""
    count = keys.pop("count", None)
    written = {"id": "r", "match": keys, "init": "zeros"} | ({} if count is None else {"count": count})
    placed = {"location": Location(path="p.yaml", line=3), "inherited": inherited}
    rule = Rule.model_validate(written).model_copy(update=placed)
    expectations = tuple(
        Expectation(
            governed=Governed(
                parameter=Parameter(
                    sites=(Site(name=name, local=name.rpartition(".")[2], module="", classes=classes),),
                    shape=(2,),
                    dtype="float32",
                )
            )
        )
        for name, classes in NAMES.items()
    )
    audit = Audit(
        policy=Policy(
            name="p", path="p.yaml", rules=(rule,), vars={"n_layer": 12.0, "other": 1.0}, unmatched=Unmatched.IGNORE
        ),
        mode=Mode.AS_BUILT,
        expectations=expectations,
        evidence=(),
        built=(),
        tallies=(Tally(rule=rule, matched=matched, governed=matched),),
        counts={} if wanted is None else {"r": wanted},
        fresh_is_nan=True,
        unequal=frozenset(),
        tests=0,
        location=None,
        today=date(2026, 1, 1),
    )
    (found,) = findings(audit)
    assert found.code == "IA102"
    return found


@pytest.mark.parametrize(
    ("selector", "hint"),
    [
        ({"module": "Conv2D"}, "module 'Conv2D' is nowhere in it; did you mean 'Conv2d'?"),
        ({"module": "torch.nn.modules.linear.Liner"}, "; did you mean 'torch.nn.modules.linear.Linear'?"),
        ({"module": ["Conv2d", "Lineer"], "parameter": "weigth"}, "'Lineer' is nowhere in it; did you mean 'Linear'?"),
        ({"parameter": "wieght"}, "parameter 'wieght' is nowhere in it; did you mean 'weight'?"),
        ({"name": "h.0.c_porj.weight"}, "name 'h.0.c_porj.weight' is nowhere in it; did you mean 'h.0.c_proj.weight'?"),
        ({"name": "*.c_porj.weight"}, "name '*.c_porj.weight' is nowhere in it; did you mean 'c_proj'?"),
        ({"name": "*.wieght"}, "; did you mean 'weight'?"),
    ],
)
def test_word_that_matches_nothing_is_told_with_the_nearest_one(selector: dict[str, object], hint: str) -> None:
    assert hint in idle(**selector).message


@pytest.mark.parametrize(
    "selector",
    [
        {"module": "Conv2d", "parameter": "bias"},
        {"module": "Transformer"},
        {"name": "/h[.].*wieght/"},
        {"name": "*.*"},
        {"ndim": 4},
    ],
)
def test_no_word_is_guessed_where_none_is_near_or_wrong(selector: dict[str, object]) -> None:
    assert idle(**selector).message == "it matches no parameter of the model"


def test_what_a_model_lacks_of_another_policy_is_no_misspelling() -> None:
    found = idle(module="Conv2D", inherited=True)
    assert (found.severity, found.message) == (Severity.NOTE, "it matches no parameter of the model")


def test_count_that_is_not_met_names_its_variables() -> None:
    found = idle(name="*.weight", count="2 * n_layer", matched=2, wanted=24.0)
    assert found.message == (
        "it governs 2 parameters where its count says 24; count is 2 * n_layer; --var n_layer=… changes it"
    )


def test_count_without_a_variable_is_told_alone() -> None:
    found = idle(name="*.weight", count=3, matched=2, wanted=3.0)
    assert found.message == "it governs 2 parameters where its count says 3"


def test_count_of_a_rule_that_matches_nothing_has_the_nearest_word_too() -> None:
    assert idle(module="Conv2D", count=1, wanted=1.0).message.endswith("; did you mean 'Conv2d'?")
