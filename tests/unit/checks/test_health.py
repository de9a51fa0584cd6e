"""What is wrong with a norm's running variance under any policy, and what is not."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from initaudit import audit
from initaudit.auditor import run
from initaudit.request import Request
from initaudit.values import Severity


def told(norm: nn.Module, values: list[float]) -> list[tuple[str, str | None]]:
    norm.get_buffer("running_var").copy_(torch.tensor(values))
    found = audit(lambda: nn.Sequential(norm)).findings
    return [(one.code, one.parameter) for one in found if one.severity is not Severity.NOTE]


@pytest.mark.parametrize("norm", [nn.BatchNorm1d, nn.BatchNorm2d, nn.SyncBatchNorm])
@pytest.mark.parametrize("values", [[-1.0, 1.0, 1.0], [-1.0, -1.0, -1.0], [0.0, 0.0, 0.0]])
def test_variance_below_zero_and_one_that_is_nothing_but_zero_are_found(
    norm: type[nn.Module], values: list[float]
) -> None:
    assert told(norm(3), values) == [("IA306", "0.running_var")]


@pytest.mark.parametrize("values", [[1.0, 1.0, 1.0], [0.0, 2.0, 1e-30]])
def test_variances_as_training_leaves_them_are_not(values: list[float]) -> None:
    assert told(nn.BatchNorm1d(3), values) == []


class Moving(nn.Module):
    """A module of one's own that keeps running statistics."""

    def __init__(self, *names: str) -> None:
        super().__init__()
        for name in names:
            self.register_buffer(name, torch.ones(3))


def test_variance_of_a_norm_that_is_written_by_hand_is_told_by_the_mean_beside_it() -> None:
    assert told(Moving("running_mean", "running_var"), [0.0, 0.0, 0.0]) == [("IA306", "0.running_var")]
    assert told(Moving("running_mean", "running_var"), [0.0, 1.0, 2.0]) == []
    assert told(Moving("running_var"), [0.0, 0.0, 0.0]) == []


def given_memory(rows: int) -> nn.Module:
    return nn.Embedding(rows, 100, device="meta").to_empty(device="cpu")


def skipped(rows: int) -> nn.Module:
    return nn.utils.skip_init(nn.Embedding, rows, 100)  # type: ignore[no-any-return, no-untyped-call]


@pytest.mark.parametrize("make", [given_memory, skipped])
@pytest.mark.parametrize("rows", [40, 600])
def test_rows_that_nobody_wrote_are_named_where_a_module_was_given_memory(
    make: Callable[[int], nn.Module], rows: int
) -> None:
    def build() -> nn.Module:
        layer = make(rows)
        with torch.no_grad():
            layer.get_parameter("weight")[:32].normal_(0, 0.02)
        return layer

    (found,) = audit(build).findings
    assert (found.code, found.parameter) == ("IA302", "weight")
    assert found.message.endswith(f"values were never written: [32:{rows}, 0:100]")


@pytest.mark.parametrize("make", [given_memory, skipped])
@pytest.mark.parametrize("rows", [40, 600])
def test_module_that_was_given_memory_and_drawn_passes(make: Callable[[int], nn.Module], rows: int) -> None:
    def build() -> nn.Module:
        layer = make(rows)
        layer.reset_parameters()  # type: ignore[operator]
        return layer

    assert audit(build).findings == ()
    assert [one.code for one in audit(lambda: make(rows)).findings] == ["IA301"]


def holding(make: Callable[[], torch.Tensor]) -> Callable[[], nn.Module]:
    return lambda: nn.ParameterDict({"w": nn.Parameter(make())})


def grown(rows: int) -> torch.Tensor:
    return torch.randn(8, 100).resize_(rows, 100)


@pytest.mark.parametrize("rows", [16, 600])
@pytest.mark.parametrize(
    "make",
    [
        lambda rows: torch.Tensor(rows, 100),
        lambda rows: torch.Tensor().resize_(rows, 100),
        lambda rows: torch.Tensor().resize_as_(torch.ones(rows, 100)),
        lambda rows: torch.empty(4, 100, dtype=torch.bfloat16).resize_(rows, 100),
    ],
)
def test_memory_that_resize_makes_is_unwritten(make: Callable[[int], torch.Tensor], rows: int) -> None:
    (found,) = audit(holding(lambda: make(rows))).findings
    assert (found.code, found.parameter) == ("IA301", "w")
    assert audit(holding(lambda: make(rows).normal_(0, 0.02))).findings == ()


@pytest.mark.parametrize("rows", [16, 600])
def test_rows_that_resize_adds_are_named(rows: int) -> None:
    (found,) = audit(holding(lambda: grown(rows))).findings
    assert (found.code, found.message) == (
        "IA302",
        f"{100 * (rows - 8):,} of its {100 * rows:,} values were never written: [8:{rows}, 0:100]",
    )
    assert audit(holding(lambda: torch.randn(rows, 100).resize_(8, 100))).findings == ()


@pytest.mark.parametrize("record", [True, False])
def test_buffers_that_nobody_wrote_are_told_as_parameters_are(record: bool) -> None:
    def build() -> nn.Module:
        model = nn.BatchNorm1d(4, device="meta").to_empty(device="cpu")
        model.register_buffer("numbers", torch.tensor([1.0, torch.nan]))
        return model

    found = run(Request(target=build, record=record)).findings
    told = {one.parameter: (one.code, one.message) for one in found}
    known, guessed = "it still holds the memory that it was given", "or somebody wrote NaN"
    for name, code in (("weight", "IA301"), ("running_mean", "IA306")):
        assert told[name][0] == code
        assert told[name][1].endswith(known if record else guessed)
    assert told["numbers"] == ("IA306", "1 of 2 values are NaN")


def test_nan_that_was_written_is_not_told_as_never_written_where_that_is_not_known() -> None:
    build = holding(lambda: torch.full((8,), torch.nan))
    told = {one.parameter: one.message for one in run(Request(target=build, record=False)).findings}
    assert [one.code for one in run(Request(target=build)).findings] == ["IA303"]
    assert told["w"] == "every value is NaN: nothing ever wrote it, or somebody wrote NaN"


def test_parameters_whose_writes_a_recording_does_not_know_are_noted() -> None:
    made_before = nn.Linear(4, 3)
    report = audit(lambda: nn.Sequential(nn.Linear(3, 4), made_before))
    (note,) = report.findings
    assert (note.code, note.severity) == ("IA301", Severity.NOTE)
    assert note.message.startswith("the writes of 1.weight, 1.bias are not known: made before the recording ran, or ")
    assert audit(lambda: nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 3))).findings == ()
    assert audit(nn.Sequential(made_before)).findings == ()


def test_what_was_loaded_is_not_noted_as_unknown(tmp_path: Path) -> None:
    torch.save(nn.Linear(3, 4).state_dict(), tmp_path / "weights.pt")

    def build() -> nn.Module:
        layer = nn.Linear(3, 4)
        layer.load_state_dict(torch.load(tmp_path / "weights.pt"), assign=True)
        return layer

    assert audit(build).findings == ()
