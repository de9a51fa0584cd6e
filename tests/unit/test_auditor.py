"""The use case: what an audit says, that it leaves the model alone, and that `initialise` writes what it judged."""

import copy
import math
import random
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune

from initaudit import Policy, PolicyError, Report, audit, initialise, initialiser, load_policy
from initaudit.auditor import Request, run
from initaudit.errors import DeviceError, OptionError, TargetError
from initaudit.evidence.source import Source
from initaudit.initialisers import INITIALISERS, Geometry
from initaudit.laws import Constant, Law, Normal
from initaudit.values import Kind, Mode, Outcome, Severity

Load = Callable[[str], Policy]


@pytest.fixture
def policy(tmp_path: Path) -> Load:
    def load(rules: str) -> Policy:
        file = tmp_path / "policy.yaml"
        file.write_text(f"version: 1\n{textwrap.dedent(rules)}", encoding="utf-8")
        return load_policy(str(file))

    return load


EVERYTHING = """
rules:
  - {id: all, match: {name: "*"}, init: {normal: {std: 0.02}}}
"""


def applied(target: object, policy: Policy | None, **options: object) -> Report:
    return run(Request(target=target, policy=policy, mode=Mode.APPLY, **options))  # type: ignore[arg-type]


def codes(report: Report) -> list[tuple[str, str | None]]:
    return [(one.code, one.parameter) for one in report.findings if one.severity is not Severity.NOTE]


def notes(report: Report) -> list[tuple[str, str | None]]:
    return [(one.code, one.parameter) for one in report.findings if one.severity is Severity.NOTE]


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.wte = nn.Embedding(50, 16, padding_idx=0)
        self.attention = nn.MultiheadAttention(16, 2)
        self.norm = nn.BatchNorm1d(16)
        self.convolution = parametrizations.weight_norm(nn.Conv1d(16, 16, 3))
        self.head = nn.Linear(16, 50, bias=False)
        self.head.weight = self.wte.weight


NET = """
rules:
  - id: tokens
    match: {name: [wte.weight, head.weight]}
    init: {normal: {std: 0.02}}
    slices: [{index: padding_idx, init: zeros}]
  - {id: qkv, match: {name: "*in_proj_weight"}, init: xavier_uniform, blocks: 3}
  - {id: convolution, match: {name: convolution.weight}, init: kaiming_normal}
  - {id: scale, match: {module: BatchNorm1d, parameter: weight}, init: ones}
  - {id: matrices, match: {ndim: 2}, init: {trunc_normal: {std: 0.02, a: -0.04, b: 0.04}}}
  - {id: rest, match: {name: "*"}, init: zeros}
ties: [[wte.weight, head.weight]]
"""


def state(model: nn.Module) -> list[object]:
    tensors = [*model.named_parameters(remove_duplicate=False), *model.named_buffers(remove_duplicate=False)]
    modules = [
        (name, type(one), sorted(vars(one)), one.training, len(one._forward_hooks))
        for name, one in model.named_modules()
    ]
    values = [(name, id(one), one._version, one.requires_grad, one.grad is None, one.tolist()) for name, one in tensors]
    return [modules, values]


@pytest.mark.parametrize("as_built", [True, False])
def test_audit_leaves_the_model_and_the_generators_alone(policy: Load, as_built: bool) -> None:
    model = Net().train()
    before = state(model)
    generators = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    threads = torch.get_num_threads()
    audit(model, policy(NET), as_built=as_built)
    audit(model)
    assert state(model) == before
    assert torch.equal(torch.get_rng_state(), generators[0])
    assert (random.getstate(), np.random.get_state()[1].tolist()) == generators[1:]
    assert torch.get_num_threads() == threads


def test_applied_policy_passes_its_own_audit(policy: Load) -> None:
    report = applied(Net, policy(NET))
    assert codes(report) == []
    assert {row.name: row.rule for row in report.rows if row.kind is Kind.PARAMETER and row.rule} == {
        "wte.weight": "tokens",
        "attention.in_proj_weight": "qkv",
        "attention.in_proj_bias": "rest",
        "attention.out_proj.weight": "matrices",
        "attention.out_proj.bias": "rest",
        "norm.weight": "scale",
        "norm.bias": "rest",
        "convolution.bias": "rest",
        "convolution.weight": "convolution",
    }
    assert {"wte.weight", "attention.in_proj_weight", "convolution.bias"} < {name for _, name in notes(report)}


def test_initialised_model_holds_the_values_that_were_audited(policy: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, torch.Tensor] = {}
    value = Source.value

    def watched(self: Source, entry: object, expectation: object) -> torch.Tensor | None:
        found = value(self, entry, expectation)  # type: ignore[arg-type]
        if self.apply and found is not None:
            seen[entry.parameter.name] = found.clone()  # type: ignore[attr-defined]
        return found

    model = Net()
    before = model.norm.running_var.clone()
    with monkeypatch.context() as patch:
        patch.setattr(Source, "value", watched)
        run(Request(target=model, policy=policy(NET), seed=3))
    initialise(model, policy(NET), seed=3)
    for name in ("wte.weight", "attention.in_proj_weight", "attention.out_proj.weight", "norm.weight", "norm.bias"):
        assert torch.equal(model.get_parameter(name), seen[name])
    assert torch.allclose(model.convolution.weight, seen["convolution.weight"], atol=1e-6)
    assert torch.equal(model.norm.running_var, before)
    assert model.head.weight is model.wte.weight
    assert audit(model, policy(NET)).ok


def test_initialise_is_repeatable_and_seeded(policy: Load) -> None:
    first, second, other = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4)
    initialise(first, policy(EVERYTHING), seed=1)
    initialise(second, policy(EVERYTHING), seed=1)
    initialise(other, policy(EVERYTHING), seed=2)
    assert torch.equal(first.weight, second.weight)
    assert not torch.equal(first.weight, other.weight)


def test_value_of_a_parameter_depends_on_no_other_layer(policy: Load) -> None:
    full = nn.ModuleDict({"a": nn.Linear(4, 4), "b": nn.Linear(4, 4), "c": nn.Linear(4, 4)})
    part = nn.ModuleDict({"c": nn.Linear(4, 4), "a": nn.Linear(4, 4, bias=False)})
    for model in (full, part):
        initialise(model, policy(EVERYTHING))
    assert torch.equal(full["a"].weight, part["a"].weight)
    assert torch.equal(full["c"].weight, part["c"].weight)
    assert not torch.equal(full["a"].weight, full["c"].weight)


def test_initialise_that_is_refused_writes_nothing(policy: Load) -> None:
    model = nn.Linear(4, 4)
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(PolicyError, match="does not fit bias"):
        initialise(model, policy("rules: [{id: all, match: {name: '*'}, init: xavier_normal}]"))
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_two_runs_say_the_same(policy: Load) -> None:
    texts = {applied(Net, policy(NET), seed=5).to_json() for _ in range(2)}
    assert len(texts) == 1
    assert applied(Net, policy(NET), seed=6).to_json() not in texts


def test_model_without_a_policy_is_judged_as_built() -> None:
    report = audit(nn.Linear, args={"in_features": 3, "out_features": 2}, as_built=False)
    assert (report.mode, report.policy, report.ok) == (Mode.AS_BUILT, None, True)
    assert [row.outcome for row in report.rows] == [Outcome.PASS, Outcome.PASS]


def test_parameter_that_nobody_writes_is_found_by_factory_but_not_by_instance() -> None:
    class Forgetful(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.empty(4))
            self.bias = nn.Parameter(torch.tensor([1.0, math.nan]))

    assert codes(audit(Forgetful)) == [("IA301", "scale"), ("IA303", "bias")]
    model = Forgetful()
    model.scale.data.fill_(math.nan)
    assert codes(audit(model)) == [("IA303", "scale"), ("IA303", "bias")]


def test_nothing_checked_is_an_error(policy: Load) -> None:
    given = policy("rules: [{id: all, match: {name: '*'}, init: unchecked, reason: teacher}]")
    with pytest.raises(TargetError, match=r"nothing was checked: no rule of .* says what any parameter of Linear"):
        audit(nn.Linear(2, 2), given)


def test_wrong_device_is_an_error() -> None:
    for device, told in {"tpu9": "there is no device 'tpu9'", "meta": "is not supported", "cpu:x": "no device"}.items():
        with pytest.raises(DeviceError, match=told):
            audit(nn.Linear(2, 2), device=device)


def test_policy_may_be_a_preset_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("rules: [{id: all, match: {name: '*'}, init: torch_default}]\nversion: 1\n")
    preset, file = (audit(nn.Linear(64, 64), one) for one in ("torch-default", str(tmp_path / "own.yaml")))
    assert (preset.ok, file.ok) == (True, True)
    assert {row.rule for row in file.rows} == {"all"}
    assert not {row.rule for row in preset.rows} & {"all", None}


def test_ungoverned_unlisted_and_idle_are_found(policy: Load) -> None:
    given = policy(
        """
        rules:
          - {id: weights, match: {name: "*.weight"}, init: torch_default, count: 3}
          - {id: late, match: {name: "0.weight"}, init: zeros}
          - {id: none, match: {name: nothing}, init: zeros}
        ties: [[0.weight, 1.weight]]
        """
    )
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4))
    model[2].weight = model[0].weight
    assert sorted(codes(audit(model, given)), key=str) == sorted(
        [
            ("IA101", "0.bias"),
            ("IA101", "1.bias"),
            ("IA101", "2.bias"),
            ("IA102", None),
            ("IA102", None),
            ("IA103", None),
            ("IA404", "0.weight"),
            ("IA405", "0.weight"),
        ],
        key=str,
    )


def test_equality_that_matches_no_parameter_is_found(policy: Load) -> None:
    given = policy(f'{EVERYTHING}equal: [["studnet.*", "teacher.*"]]\n')
    model = nn.ModuleDict({"student": nn.Linear(40, 40), "teacher": nn.Linear(40, 40)})
    initialise(model, given)
    assert codes(audit(model, given)) == [("IA404", None)]


def test_equal_parameters_are_drawn_equal(policy: Load) -> None:
    given = policy(f'{EVERYTHING}equal: [["student.*", "teacher.*"]]\n')
    model = nn.ModuleDict({"student": nn.Linear(40, 40), "teacher": nn.Linear(40, 40)})
    assert codes(applied(model, given)) == []
    assert ("IA404", "teacher.weight") in codes(audit(model, given))
    initialise(model, given)
    assert torch.equal(model["student"].weight, model["teacher"].weight)


@pytest.mark.parametrize("pairs", ["[[a.*, b.*], [b.*, c.*]]", "[[b.*, c.*], [a.*, b.*]]", "[[a.*, c.*], [b.*, c.*]]"])
def test_equalities_that_share_a_parameter_are_drawn_equal(policy: Load, pairs: str) -> None:
    model = nn.ModuleDict({name: nn.Linear(40, 40) for name in "abc"})
    assert codes(applied(model, policy(f"{EVERYTHING}equal: {pairs}\n"))) == []


def test_report_that_judged_nothing_is_not_ok() -> None:
    with torch.device("meta"):
        model = nn.Linear(3, 3)
    report = audit(model)
    assert (report.ok, report.summary.outcome) == (False, Outcome.SKIP)
    measured = run(Request(target=nn.Linear(3, 3), judge=False))
    assert (measured.ok, measured.summary.outcome) == (False, Outcome.SKIP)


def test_policy_may_be_a_path_and_dtype_torchs_own(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(f"version: 1\n{textwrap.dedent(EVERYTHING)}", encoding="utf-8")
    report = audit(lambda: nn.Linear(9, 9), file, as_built=False, dtype=torch.bfloat16, device=torch.device("cpu"))
    assert (report.ok, report.dtype, report.policy) == (True, "bfloat16", str(file))
    initialise(nn.Linear(9, 9), file)


def test_audit_leaves_the_generator_alone_where_a_parametrisation_draws(policy: Load) -> None:
    class Noisy(nn.Module):
        def forward(self, value: torch.Tensor) -> torch.Tensor:
            return value + torch.rand_like(value)

    model = parametrize.register_parametrization(nn.Linear(9, 9), "weight", Noisy())
    state = torch.get_rng_state()
    assert audit(model).to_json() == audit(model).to_json()
    assert torch.equal(torch.get_rng_state(), state)


def test_a_call_that_ran_twice_is_said_to_have_run_once_more(policy: Load) -> None:
    given = policy("rules: [{id: all, match: {name: weight}, init: {normal: {std: 0.1}}}]")

    def build() -> nn.Module:
        layer = nn.Linear(20, 20, bias=False)
        nn.init.normal_(layer.weight)
        for _ in range(2):
            layer.weight.data.mul_(0.1)
        return layer

    (told,) = (one.message for one in audit(build, given).findings if one.code == "IA501")
    assert told.startswith("mul(other=0.1) at ")
    assert told.endswith(" gave what the policy declares; the same call then ran once more")


def test_tie_under_disagreeing_rules_is_found(policy: Load) -> None:
    given = policy(
        """
        rules:
          - {id: head, match: {name: "head.*"}, init: {normal: {std: 0.5}}}
          - {id: rest, match: {name: "*"}, init: {normal: {std: 0.02}}}
        """
    )
    model = nn.ModuleDict({"wte": nn.Embedding(20, 20), "head": nn.Linear(20, 20, bias=False)})
    model["head"].weight = model["wte"].weight
    assert ("IA104", "wte.weight") in codes(applied(model, given))


@pytest.mark.parametrize(("ties", "disagree"), [("ties: [[wte.weight, head.weight]]", False), ("", True)])
def test_own_rule_goes_before_an_inherited_one_for_another_name_of_a_tie_that_the_policy_lists(
    policy: Load, ties: str, disagree: bool
) -> None:
    given = policy(
        f"""
        extends: torch-default
        {ties}
        rules:
          - {{id: tokens, match: {{name: wte.weight}}, init: {{normal: {{std: 0.02}}}}}}
        """
    )
    model = nn.ModuleDict({"wte": nn.Embedding(20, 20), "head": nn.Linear(20, 20, bias=False)})
    model["head"].weight = model["wte"].weight
    told = [one.message for one in applied(model, given).findings if one.code == "IA104"]
    assert [one.endswith("; put one rule for both names above them") for one in told] == [True] * disagree


def test_rule_that_cannot_be_applied_is_found(policy: Load) -> None:
    model = nn.ModuleDict(
        {"pruned": prune.l1_unstructured(nn.Linear(20, 20), "weight", amount=3), "lazy": nn.LazyLinear(3)}
    )
    given = policy(EVERYTHING)
    assert [one for one in codes(applied(model, given)) if one[0] == "IA105"] == [
        ("IA105", "pruned.weight"),
        ("IA105", "lazy.weight"),
        ("IA105", "lazy.bias"),
    ]


def test_lazy_parameter_may_be_left_unchecked(policy: Load) -> None:
    given = policy(
        """
        rules:
          - {id: lazy, match: {name: "lazy.*"}, init: unchecked, reason: made by the first forward pass}
          - {id: rest, match: {name: "*"}, init: {normal: {std: 0.02}}}
        """
    )
    model = nn.ModuleDict({"lazy": nn.LazyLinear(3), "rest": nn.Linear(20, 20)})
    assert codes(applied(model, given)) == []


def test_frozen_parameter_is_not_drawn_anew(policy: Load) -> None:
    model = nn.Linear(20, 20)
    model.weight.requires_grad_(False)
    assert codes(applied(model, policy(EVERYTHING))) == [("IA502", "weight")]
    assert ("IA502", "weight") not in codes(audit(model, policy(EVERYTHING)))


def test_frozen_parameter_that_is_declared_equal_to_a_trained_one_follows_it(policy: Load) -> None:
    model = nn.ModuleDict({"net": nn.Linear(20, 20), "ema": nn.Linear(20, 20).requires_grad_(False)})
    assert codes(applied(model, policy(f'{EVERYTHING}equal: [["net.*", "ema.*"]]\n'))) == []
    assert codes(applied(model, policy(EVERYTHING))) == [("IA502", "ema.weight"), ("IA502", "ema.bias")]


def test_parametrised_weight_is_governed_by_its_effective_name(policy: Load) -> None:
    class Halved(nn.Module):
        def forward(self, value: torch.Tensor) -> torch.Tensor:
            return value / 2

        def right_inverse(self, value: torch.Tensor) -> torch.Tensor:
            return value * 2

    model = parametrize.register_parametrization(nn.Linear(50, 50), "weight", Halved())
    report = applied(model, policy(EVERYTHING))
    rows = {row.name: row for row in report.rows}
    assert report.ok
    assert rows["weight"].measured is not None
    assert rows["weight"].measured.std == pytest.approx(0.02, rel=0.1)
    assert rows["parametrizations.weight.original"].reason == "judged through weight"


def test_right_inverse_that_raises_is_told_at_the_rule(policy: Load) -> None:
    class Picky(nn.Module):
        def forward(self, value: torch.Tensor) -> torch.Tensor:
            return value.exp()

        def right_inverse(self, value: torch.Tensor) -> torch.Tensor:
            if (value <= 0).any():
                raise ValueError("only what is positive")
            return value.log()

    layer = nn.Linear(5, 5)
    layer.weight.data.fill_(2.0)
    model = parametrize.register_parametrization(layer, "weight", Picky())
    with pytest.raises(PolicyError, match=r"rule 'all' cannot write weight \(.*:\d+\): ValueError: only what is"):
        applied(model, policy(EVERYTHING))


@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support is in beta")
def test_tensors_without_values_are_skipped_with_their_reason() -> None:
    model = nn.Module()
    model.meta = nn.Parameter(torch.empty(3, device="meta"))
    model.sparse = nn.Parameter(torch.eye(3).to_sparse_csr())
    model.empty = nn.Parameter(torch.empty(0))
    model.complex = nn.Parameter(torch.ones(2, dtype=torch.complex64))
    model.plain = nn.Parameter(torch.ones(2))
    rows = {row.name: (row.outcome, row.reason) for row in audit(model).rows}
    assert rows["plain"] == (Outcome.PASS, None)
    assert rows["meta"] == rows["sparse"] == (Outcome.SKIP, "its values are not in memory (a meta or sparse tensor)")
    assert rows["empty"] == (Outcome.SKIP, "it has no elements")
    assert rows["complex"] == (Outcome.PASS, None)


@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
def test_parameter_without_elements_is_skipped_where_its_initialiser_needs_fans(policy: Load) -> None:
    model = nn.Sequential(nn.Linear(0, 5, bias=False), nn.Linear(5, 5, bias=False))
    report = audit(model, policy('rules: [{id: all, match: {name: "*"}, init: {kaiming_uniform: {a: sqrt(5)}}}]'))
    assert [(row.outcome, row.reason) for row in report.rows] == [
        (Outcome.SKIP, "it has no elements"),
        (Outcome.PASS, None),
    ]


def test_rule_for_a_parametrisation_that_cannot_run_cannot_take_effect(policy: Load) -> None:
    class Broken(nn.Module):
        def forward(self, value: torch.Tensor) -> torch.Tensor:
            if self.training:
                return value
            raise RuntimeError("not now")

    model = parametrize.register_parametrization(nn.Linear(20, 20), "weight", Broken())
    rules = """
        rules:
          - {id: weight, match: {parameter: weight}, init: xavier_normal}
          - {id: bias, match: {parameter: bias}, init: zeros}
    """
    assert codes(applied(model, policy(rules))) == [("IA105", "weight")]


def test_meta_parameters_are_judged_by_what_the_policy_writes(policy: Load) -> None:
    model = nn.Linear(50, 50, device="meta")
    assert applied(model, policy(EVERYTHING)).ok
    partly = policy(
        """
        rules:
          - id: all
            match: {name: "*"}
            expect: {mean: [-1, 1]}
            slices: [{index: 0, init: zeros}]
        """
    )
    with pytest.raises(TargetError, match="weight is a meta or sparse tensor, so nothing can be written into it"):
        initialise(model, policy(EVERYTHING))
    report = applied(model, partly)
    assert {row.reason for row in report.rows} == {"its values are not in memory (a meta or sparse tensor)"}


def test_integer_parameter_under_a_random_law_is_told_at_the_rule(policy: Load) -> None:
    model = nn.Linear(2, 2)
    model.steps = nn.Parameter(torch.zeros(3, dtype=torch.int64), requires_grad=False)
    with pytest.raises(PolicyError, match=r"rule 'all' cannot write steps: .*gives no values of dtype int64"):
        applied(model, policy(EVERYTHING))


def test_values_outside_a_function_are_no_missing_writes(policy: Load) -> None:
    class Gate(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rate = nn.Parameter(-torch.ones(100))

    given = policy("rules: [{id: r, match: {name: '*'}, init: {normal: {}}, through: log}]")
    report = audit(Gate, given)
    assert codes(report) == [("IA203", "rate")]
    assert "log" in report.findings[0].message
    assert applied(Gate, given).ok


def test_slice_that_covers_the_tensor_leaves_nothing_to_judge_by_the_rule(policy: Load) -> None:
    given = policy(
        """
        rules:
          - {id: w, match: {name: weight}, expect: {std: [5, 6], min: [1, 2]}, slices: [{index: ":", init: zeros}]}
          - {id: b, match: {name: bias}, init: zeros}
        """
    )
    assert codes(applied(nn.Linear(4, 4), given)) == []
    drawn = policy('rules: [{id: w, match: {name: "*"}, init: normal, slices: [{index: ":", init: ones}]}]')
    assert codes(applied(nn.Linear(4, 4), drawn)) == []


def test_slice_without_a_law_keeps_its_values(policy: Load) -> None:
    given = policy(
        """
        rules:
          - id: w
            match: {name: weight}
            init: {normal: {std: 0.02}}
            slices: [{index: 0, expect: {min: [7, 7], max: [7, 7]}}, {index: 1, init: unchecked}]
        """
    )
    model = nn.Embedding(50, 20)
    model.weight.data[:2] = 7.0
    assert codes(applied(model, given)) == []
    initialise(model, given)
    assert bool((model.weight[:2] == 7).all())
    assert bool((model.weight[2:] < 1).all())


def test_blocks_of_a_torch_default_are_judged(policy: Load) -> None:
    given = policy("rules: [{id: all, match: {name: '*'}, init: torch_default, blocks: 2}]")
    assert audit(nn.LayerNorm(8), given).ok
    assert applied(nn.LayerNorm(8), given).ok


@pytest.fixture
def plugin() -> Iterator[str]:
    def law(geometry: Geometry, width: float = 1.0) -> Law:
        return Normal(std=width)

    @initialiser("wide_normal", law=law)
    def wide_normal(tensor: torch.Tensor, width: float = 1.0) -> None:
        tensor.normal_(0, width)

    @initialiser("failing", law=law)
    def failing(tensor: torch.Tensor, width: float = 1.0) -> None:
        raise RuntimeError("no luck\ntoday")

    @initialiser("idle", law=lambda geometry: Constant(value=0.0))
    def idle(tensor: torch.Tensor) -> None: ...

    yield "wide_normal"
    INITIALISERS.discard("idle")
    INITIALISERS.discard("wide_normal")
    INITIALISERS.discard("failing")


def test_plugin_draws_and_is_judged_by_its_law(policy: Load, plugin: str) -> None:
    given = policy(f"rules: [{{id: all, match: {{name: '*'}}, init: {{{plugin}: {{width: 0.3}}}}, blocks: 3}}]")
    model = nn.Linear(30, 30)
    before = torch.get_rng_state()
    assert applied(model, given).ok
    initialise(model, given)
    assert torch.equal(torch.get_rng_state(), before)
    first, second, third = model.weight.detach().chunk(3)
    assert not torch.equal(first, second)
    assert not torch.equal(second, third)
    again = nn.Linear(30, 30)
    initialise(again, given)
    assert torch.equal(model.weight, again.weight)


@pytest.mark.usefixtures("plugin")
def test_plugin_that_writes_nothing_is_found(policy: Load) -> None:
    given = policy("rules: [{id: all, match: {name: '*'}, init: idle}]")
    assert codes(applied(lambda: nn.Linear(3, 3, bias=False), given)) == [("IA301", "weight")]


def test_plugin_that_fails_is_told_at_the_rule(policy: Load, plugin: str) -> None:
    given = policy("rules: [{id: all, match: {name: '*'}, init: failing}]")
    told = r"policy.yaml:\d+: rule 'all' cannot write weight \(.*test_auditor.py:\d+\): RuntimeError: no luck today"
    with pytest.raises(PolicyError, match=told):
        applied(nn.Linear(3, 3), given)


def test_selected_and_ignored_codes_decide_the_outcome(policy: Load) -> None:
    given = policy("rules: [{id: w, match: {name: weight}, init: torch_default}]")
    report = applied(nn.Linear(4, 4), given, ignore=("IA101",))
    assert report.ok
    assert codes(applied(nn.Linear(4, 4), given, ignore=("IA3", "IA101"))) == [("IA102", None)]
    assert codes(applied(nn.Linear(4, 4), given, select=("IA3",))) == []


@pytest.mark.parametrize("chosen", [{"select": ("IA3",)}, {"ignore": ("IA2",)}])
def test_a_row_whose_findings_nobody_asked_for_is_no_pass(policy: Load, chosen: dict[str, tuple[str, ...]]) -> None:
    rest = "{id: rest, match: {name: '*'}, init: torch_default}"
    given = policy(f"rules: [{{id: w, match: {{parameter: weight}}, init: zeros}}, {rest}]")
    report = run(Request(target=nn.Linear(4, 4), policy=given, mode=Mode.AS_BUILT, **chosen))
    (weight, bias) = report.rows
    assert (weight.outcome, weight.reason) == (Outcome.SKIP, "it does not pass, but nobody asked for IA206")
    assert bias.outcome is Outcome.PASS
    assert report.ok


def test_a_run_of_which_all_findings_were_left_out_was_judged_all_the_same(policy: Load) -> None:
    given = policy("rules: [{id: all, match: {name: '*'}, init: zeros}]")
    report = run(Request(target=nn.Linear(4, 4), policy=given, mode=Mode.AS_BUILT, select=("IA3",)))
    assert [row.outcome for row in report.rows] == [Outcome.SKIP, Outcome.SKIP]
    assert report.ok


def test_tolerance_of_a_rule_decides_its_parameters(policy: Load) -> None:
    rules = """
    rules:
      - {{id: w, match: {{name: weight}}, init: {{normal: {{std: 0.02}}}}{own}}}
      - {{id: b, match: {{name: bias}}, init: zeros}}
    """
    model = nn.Linear(100, 100)
    with torch.no_grad():
        model.weight.normal_(0, 0.023, generator=torch.Generator().manual_seed(0))
        model.bias.zero_()
    assert codes(audit(model, policy(rules.format(own="")))) == [("IA202", "weight")]
    assert audit(model, policy(rules.format(own=", tolerance: {std: 20%}"))).ok


def test_measuring_alone_judges_nothing() -> None:
    report = run(Request(target=nn.Linear(2, 2), judge=False))
    assert report.findings == ()
    assert {(row.outcome, row.reason) for row in report.rows} == {(Outcome.SKIP, "measured only")}


def test_progress_counts_every_element_once(policy: Load) -> None:
    told: list[tuple[str, int, int]] = []
    run(Request(target=Net, policy=policy(NET)), progress=lambda *step: told.append(step))
    done = [step[1:] for step in told if step[0] == "measuring"]
    assert done[-1][0] == done[-1][1]
    assert [one for one, _ in done] == sorted(one for one, _ in done)


class Transposed(nn.Module):
    """A decoder that looks tied to its embedding, through a view."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(64, 32, bias=False)
        self.decoder = nn.Linear(32, 64, bias=False)
        self.decoder.weight = nn.Parameter(self.encoder.weight.t())


def test_transposed_tie_is_written_once_and_told(policy: Load) -> None:
    report = applied(Transposed, policy(EVERYTHING))
    assert [(row.name, row.tied_to) for row in report.rows] == [("encoder.weight", ("decoder.weight",))]
    (told,) = [one for one in report.findings if one.severity is not Severity.NOTE]
    assert (told.code, told.severity) == ("IA405", Severity.WARNING)
    assert "its memory is that of decoder.weight too, a parameter of its own that shows it as [64, 32]" in told.message
    model = Transposed()
    initialise(model, policy(EVERYTHING))
    assert torch.equal(model.encoder.weight, model.decoder.weight.t())
    assert model.encoder.weight.std().item() == pytest.approx(0.02, rel=0.1)


@pytest.mark.parametrize(("mode", "disagreeing"), [("fan_out", []), ("fan_in", [("IA104", "encoder.weight")])])
def test_rules_of_a_transposed_tie_are_compared_by_the_shape_that_each_sees(
    policy: Load, mode: str, disagreeing: list[tuple[str, str | None]]
) -> None:
    rules = f"""
    rules:
      - {{id: encoder, match: {{name: encoder.weight}}, init: {{kaiming_normal: {{mode: fan_in}}}}}}
      - {{id: decoder, match: {{name: decoder.weight}}, init: {{kaiming_normal: {{mode: {mode}}}}}}}
    """
    assert [one for one in codes(applied(Transposed, policy(rules))) if one[0] == "IA104"] == disagreeing


def test_what_is_no_policy_and_no_model_is_refused_by_its_type() -> None:
    with pytest.raises(TypeError, match="a policy is what load_policy gives, a file or a preset's name, not dict"):
        audit(Net, {"version": 1})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="initialise writes into a model, not into str"):
        initialise("nets:Net", "dcgan")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="a model is built at least once"):
        audit(Net, seeds=0)
