"""Factories whose values the seed does not decide are found, and others are built only once."""

import os
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import manual_seed, nn

from initaudit import Report, audit, load_policy
from initaudit.auditor import run
from initaudit.errors import OptionError
from initaudit.report import Finding
from initaudit.request import Request
from initaudit.values import Mode, Severity

WIDTHS = pytest.mark.parametrize("width", [8, 300])
"""Small weights are made while they are recorded, large ones are not."""


class Counted:
    """A factory that counts how often it is called."""

    def __init__(self, make: Callable[[], nn.Module]) -> None:
        self.make = make
        self.calls = 0

    def __call__(self) -> nn.Module:
        self.calls += 1
        return self.make()


def found(target: object, **options: object) -> list[tuple[str, str | None]]:
    report = run(Request(target=target, mode=Mode.AS_BUILT, **options))  # type: ignore[arg-type]
    return [(one.code, one.parameter) for one in report.findings if one.severity is not Severity.NOTE]


def notes(report: Report) -> list[Finding]:
    return [one for one in report.findings if one.severity is Severity.NOTE]


def linear(width: int) -> nn.Module:
    return nn.Sequential(nn.Linear(width, width, bias=False))


def drawn_by_numpy(width: int, generator: Callable[[], object]) -> nn.Module:
    model = linear(width)
    values = generator().normal(size=(width, width))  # type: ignore[attr-defined]
    model[0].weight.data.copy_(torch.from_numpy(values))  # type: ignore[index]
    return model


@WIDTHS
def test_factory_that_seeds_the_generator_itself_gives_every_seed_the_same(width: int) -> None:
    def build() -> nn.Module:
        torch.manual_seed(0)
        return linear(width)

    assert found(build) == [("IA503", "0.weight")]
    assert found(build, seed=7) == [("IA503", "0.weight")]


def unseen(make: Callable[[], nn.Module]) -> nn.Module:
    """Stand in for a GPU: make a model of which the recording sees nothing, beside a layer that it does see."""
    with torch._C._DisableTorchDispatch():
        made = make()
    return nn.Sequential(*made, nn.Linear(8, 8))


def test_what_no_recording_sees_is_asked_for_as_where_there_is_none() -> None:
    def reseeded() -> nn.Module:
        with torch.random.fork_rng():
            torch.manual_seed(7)
            return linear(8)

    def by_the_clock() -> nn.Module:
        model = linear(8)
        model[0].weight.data.add_(torch.tensor(list(os.urandom(8))))  # type: ignore[index]
        return model

    assert found(lambda: unseen(reseeded)) == [("IA503", "0.weight")]
    assert found(lambda: unseen(by_the_clock)) == [("IA504", "0.weight")]
    assert found(lambda: unseen(lambda: linear(8))) == []


@WIDTHS
def test_finding_stands_at_the_line_that_seeded_last_before_the_draw(width: int) -> None:
    def build() -> nn.Module:
        manual_seed(0)
        model = linear(width)
        set_seed(1)
        return nn.Sequential(*model, *linear(width))

    def set_seed(seed: int) -> None:
        torch.manual_seed(seed)

    report = audit(build)
    lines = {one.parameter: one.location.line for one in report.findings if one.location is not None}
    assert lines == {
        "0.weight": build.__code__.co_firstlineno + 1,
        "1.weight": set_seed.__code__.co_firstlineno + 1,
    }


@pytest.mark.parametrize("record", [True, False])
def test_what_a_module_draws_while_it_is_imported_changes_no_build(tmp_path: Path, record: bool) -> None:
    lines = ("import random", "import numpy", "import torch", "{}", "def build():", "    layer = torch.nn.Linear(8, 8)")
    drawn = "    layer.weight.data[0] = torch.from_numpy(numpy.random.randn(8)) * random.random()"
    quiet, drawing = tmp_path / "quiet_nets.py", tmp_path / "drawing_nets.py"
    quiet.write_text("\n".join([*lines, drawn, "    return layer"]).format(""))
    drawing.write_text("\n".join([*lines, drawn, "    return layer"]).format("torch.randn(3), random.random()"))
    reports = [
        run(Request(target=f"{file}:build", mode=Mode.AS_BUILT, seeds=2, record=record)) for file in (quiet, drawing)
    ]
    assert [one for report in reports for one in report.findings if one.severity is not Severity.NOTE] == []
    first, second = ([row.measured for row in one.rows] for one in reports)
    assert first == second


@WIDTHS
@pytest.mark.parametrize("record", [True, False])
def test_only_what_is_drawn_from_a_generator_of_its_own_is_a_finding(width: int, record: bool) -> None:
    def build() -> nn.Module:
        model = nn.Sequential(*linear(width), *linear(width))
        nn.init.normal_(model[0].weight, generator=torch.Generator().manual_seed(3))  # type: ignore[arg-type]
        return model

    assert found(build, record=record) == [("IA503", "0.weight")]


def test_generator_whose_seed_follows_from_the_run_is_no_finding() -> None:
    def build() -> nn.Module:
        model = linear(8)
        own = torch.Generator().manual_seed(torch.initial_seed() + 1)
        nn.init.normal_(model[0].weight, generator=own)  # type: ignore[arg-type,index]
        return model

    assert found(build) == []


def test_fixed_features_that_are_frozen_or_a_buffer_may_be_the_same_for_every_seed() -> None:
    class Features(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            fixed = torch.Generator().manual_seed(3)
            self.frozen = nn.Parameter(torch.randn(8, 8, generator=fixed), requires_grad=False)
            self.register_buffer("projection", torch.randn(8, 8, generator=fixed))
            self.head = nn.Linear(8, 8)

    assert found(Features) == []


@WIDTHS
@pytest.mark.parametrize(
    "reseed", [torch.seed, lambda: torch.manual_seed(int.from_bytes(os.urandom(4), "big"))], ids=["seed", "urandom"]
)
def test_factory_that_asks_the_system_for_a_seed_is_not_reproducible(width: int, reseed: Callable[[], object]) -> None:
    def build() -> nn.Module:
        reseed()
        return linear(width)

    assert found(build) == [("IA504", "0.weight")]


@WIDTHS
def test_numpy_generator_that_nobody_seeded_is_not_reproducible(width: int) -> None:
    assert found(lambda: drawn_by_numpy(width, np.random.default_rng)) == [("IA504", "0.weight")]


def test_constant_that_chance_decides_is_not_reproducible() -> None:
    def build() -> nn.Module:
        model = nn.Sequential(nn.Linear(8, 1, bias=False))  # a single unit may have weights of one number
        random.random()
        nn.init.constant_(model[0].weight, random.SystemRandom().random())  # type: ignore[arg-type,index]
        return model

    assert found(build) == [("IA504", "0.weight")]


def test_values_written_through_numpy_are_looked_at() -> None:
    def build() -> nn.Module:
        model = linear(8)
        model[0].weight.detach().numpy()[:] = np.random.default_rng().normal(size=(8, 8))  # type: ignore[index]
        return model

    assert found(build) == [("IA504", "0.weight")]


def test_buffer_that_is_not_reproducible_is_a_finding() -> None:
    class Permuted(nn.Linear):
        def __init__(self) -> None:
            super().__init__(8, 8)
            self.register_buffer("order", torch.from_numpy(np.random.default_rng().permutation(1000)))

    assert found(Permuted) == [("IA504", "order")]


def test_random_law_whose_values_come_from_numpy_with_a_seed_of_its_own_is_a_finding(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("version: 1\nrules:\n  - {id: all, match: {name: '*'}, init: {normal: {std: 1}}}\n")

    def build() -> nn.Module:
        return drawn_by_numpy(64, lambda: np.random.RandomState(0))

    assert found(build, policy=load_policy(file)) == [("IA503", "0.weight")]


@WIDTHS
@pytest.mark.parametrize("record", [True, False])
@pytest.mark.parametrize(
    "generator",
    [
        lambda: np.random.RandomState(3),
        lambda: np.random.default_rng(3),
        lambda: np.random.Generator(np.random.PCG64(3)),
        lambda: np.random.seed(3) or np.random,
    ],
    ids=["state", "generator", "bits", "global"],
)
def test_trained_values_that_follow_a_seed_of_the_factory_need_no_policy(
    width: int, record: bool, generator: Callable[[], object]
) -> None:
    assert found(lambda: drawn_by_numpy(width, generator), record=record) == [("IA503", "0.weight")]


@pytest.mark.parametrize("record", [True, False])
def test_trained_values_of_python_s_generator_with_a_seed_of_the_factory_are_a_finding(record: bool) -> None:
    def build() -> nn.Module:
        model, own = linear(8), random.Random(3)
        model[0].weight.data.copy_(torch.tensor([[own.gauss(0, 1) for _ in range(8)] for _ in range(8)]))  # type: ignore[index]
        return model

    assert found(build, record=record) == [("IA503", "0.weight")]


@pytest.mark.parametrize("record", [True, False])
def test_fixed_table_is_no_finding_beside_what_a_seed_of_the_factory_decides(record: bool) -> None:
    def build() -> nn.Module:
        np.random.seed(0)
        model = nn.Sequential(*linear(8), *linear(8))
        model[0].weight.data.copy_(torch.from_numpy(np.sin(np.arange(64.0)).reshape(8, 8)))  # type: ignore[arg-type,operator]
        model.register_buffer("order", torch.from_numpy(np.random.permutation(64)))
        return model

    assert found(build, record=record) == []


def test_applied_policy_makes_a_note_of_what_it_writes_over(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("version: 1\nrules:\n  - {id: all, match: {name: '*'}, init: xavier_uniform}\n")

    def build() -> nn.Module:
        torch.manual_seed(0)
        return linear(8)

    report = audit(build, load_policy(file), as_built=False)
    told = [one for one in notes(report) if one.code == "IA503"]
    assert report.ok
    assert [one.parameter for one in told] == ["0.weight"]
    assert all(one.as_built for one in told)


@pytest.mark.parametrize(
    "make",
    [
        lambda: linear(8),
        lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), 2, enable_nested_tensor=False),
        lambda: nn.utils.parametrizations.weight_norm(nn.Conv1d(8, 8, 3)),
    ],
    ids=["linear", "transformer", "weight-norm"],
)
def test_model_that_gives_no_reason_is_built_once(make: Callable[[], nn.Module]) -> None:
    build = Counted(make)
    audit(build)
    assert build.calls == 1


def test_values_from_numpy_that_are_always_the_same_are_no_finding() -> None:
    def make() -> nn.Module:
        model = linear(64)
        table = np.sin(np.arange(64 * 64)).reshape(64, 64)
        model[0].weight.data.copy_(torch.from_numpy(table))  # type: ignore[index]
        return model

    build = Counted(make)
    assert found(build) == []
    assert build.calls == 4


def test_loaded_values_give_no_reason_to_build_again(tmp_path: Path) -> None:
    torch.save(linear(8).state_dict(), tmp_path / "weights.pt")

    def make() -> nn.Module:
        model = linear(8)
        model.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))
        return model

    build = Counted(make)
    assert found(build) == []
    assert build.calls == 1


def test_checkpoint_that_is_made_up_from_a_fixed_seed_is_loaded_all_the_same() -> None:
    def make() -> nn.Module:
        model = linear(8)
        fixed = torch.Generator().manual_seed(0)
        model.load_state_dict({"0.weight": torch.randn(8, 8, generator=fixed)})
        return model

    build = Counted(make)
    assert found(build) == []
    assert build.calls == 1


def test_what_a_state_dict_reached_is_loaded_without_a_recording_too() -> None:
    def make() -> nn.Module:
        fixed = torch.Generator().manual_seed(0)
        model = nn.ModuleList([linear(8), linear(8)])
        model[0].load_state_dict({"0.weight": torch.randn(8, 8, generator=fixed)})
        with torch.no_grad():
            model[1][0].weight.copy_(torch.randn(8, 8, generator=fixed))
        return model

    assert found(make, record=False) == found(make) == [("IA503", "1.0.weight")]


def test_factory_that_fails_the_second_time_leaves_a_note() -> None:
    def make() -> nn.Module:
        if build.calls > 1:
            raise ValueError("only once")
        torch.manual_seed(0)
        return linear(8)

    build = Counted(make)
    report = audit(build)
    assert [one.code for one in notes(report)] == ["IA503"]
    assert "only once" in notes(report)[0].message
    assert report.ok


def test_factory_that_gives_one_model_for_ever_leaves_a_note() -> None:
    kept: list[nn.Module] = []

    def build() -> nn.Module:
        torch.manual_seed(0)
        kept[1:] = []
        kept.append(linear(8))
        return kept[0]

    report = audit(build)
    assert [(one.code, one.severity) for one in report.findings] == [("IA503", Severity.NOTE)]
    assert "the same model" in report.findings[0].message


def test_small_model_without_a_recording_is_always_built_again() -> None:
    def build() -> nn.Module:
        torch.seed()
        return linear(8)

    assert found(build, record=False) == [("IA504", "0.weight")]
    assert found(lambda: linear(8), record=False) == []


def test_generators_are_left_as_they_were_by_a_factory_that_is_built_again() -> None:
    def build() -> nn.Module:
        torch.seed()
        np.random.seed(1)
        random.seed(1)
        return drawn_by_numpy(8, lambda: np.random)

    before = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    audit(build)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before[1:]


def test_pooled_builds_are_measured_as_one_set() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(16, 16)
            self.norm = nn.LayerNorm(16)

    report = run(Request(target=Net, seeds=4, judge=False))
    counts = {row.name: row.measured.count for row in report.rows if row.measured is not None}
    assert counts == {"layer.weight": 1024, "layer.bias": 64, "norm.weight": 16, "norm.bias": 16}
    assert report.seeds == 4


def test_pooled_builds_show_an_error_that_one_does_not(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("version: 1\nrules:\n  - {id: all, match: {name: '*'}, init: {normal: {std: 0.02}}}\n")
    policy = load_policy(file)

    def build() -> nn.Module:
        model = linear(16)
        values = np.random.normal(scale=0.0215, size=(16, 16))
        model[0].weight.data.copy_(torch.from_numpy(values))  # type: ignore[index]
        return model

    assert found(build, policy=policy) == []
    assert found(build, policy=policy, seeds=64) == [("IA202", "0.weight")]


@pytest.mark.parametrize("record", [True, False])
@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("init", ["{normal: {std: 0.02}}", "orthogonal", "{sparse: {sparsity: 0.5}}", "ones"])
def test_correct_model_passes_however_many_builds_are_pooled(
    tmp_path: Path, init: str, mode: Mode, record: bool
) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(f"version: 1\nrules:\n  - {{id: all, match: {{name: '*'}}, init: {init}}}\n")
    policy = load_policy(file)

    def build() -> nn.Module:
        model = nn.Linear(24, 24, bias=False)
        match init:
            case "orthogonal":
                nn.init.orthogonal_(model.weight)
            case "ones":
                nn.init.ones_(model.weight)
            case "{normal: {std: 0.02}}":
                nn.init.normal_(model.weight, std=0.02)
            case _:
                nn.init.sparse_(model.weight, 0.5)
        return model

    report = run(Request(target=build, policy=policy, mode=mode, seeds=20, record=record))
    assert not [one for one in report.findings if one.severity is not Severity.NOTE]
    assert report.ok


def test_values_that_every_seed_repeats_are_not_counted_twice() -> None:
    def build() -> nn.Module:
        torch.manual_seed(0)
        return linear(16)

    report = run(Request(target=build, mode=Mode.AS_BUILT, seeds=8))
    assert [row.measured.count for row in report.rows if row.measured is not None] == [256]
    assert [one.code for one in report.findings] == ["IA503"]


def test_model_that_is_built_already_cannot_be_pooled() -> None:
    with pytest.raises(OptionError, match="factory"):
        audit(linear(8), seeds=2)


def test_mark_of_the_run_leaves_the_values_of_its_seed() -> None:
    torch_values: list[torch.Tensor] = []

    def build() -> nn.Module:
        torch_values.append(torch.randn(4))
        return linear(8)

    audit(build, seed=5)
    with torch.random.fork_rng():
        torch.manual_seed(5)
        assert torch.equal(torch_values[0], torch.randn(4))


@pytest.mark.parametrize("record", [True, False])
def test_buffer_that_repeats_one_number_without_memory_of_its_own_is_compared(record: bool) -> None:
    def build() -> nn.Module:
        manual_seed(1)
        model = linear(300)
        model.register_buffer("part", torch.tensor([0.5]).expand(300))
        return model

    assert found(build, record=record) == [("IA503", "0.weight")]
