"""Parts that no policy names: found where one departs from the law of the whole, and told by their place."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from initaudit.auditor import run
from initaudit.policy.reader import load_policy
from initaudit.report import Finding
from initaudit.request import Request
from initaudit.values import Mode, Severity

NORMAL = "{normal: {std: 0.02}}"
PARTS = ("IA207", "IA304", "IA402")


def held(value: Callable[[], torch.Tensor]) -> Callable[[], nn.Module]:
    def build() -> nn.Module:
        return nn.ParameterDict({"w": nn.Parameter(value())})

    return build


def found(build: Callable[[], nn.Module], tmp_path: Path, init: str | None = NORMAL, **facts: object) -> list[Finding]:
    policy = None
    if init is not None:
        text = f"version: 1\nunmatched: ignore\nrules: [{{id: w, match: {{name: '*w'}}, init: {init}}}]\n"
        (tmp_path / "policy.yaml").write_text(text, encoding="utf-8")
        policy = load_policy(tmp_path / "policy.yaml")
    facts = {"select": PARTS, **facts}
    request = Request(target=build, policy=policy, mode=Mode.AS_BUILT, **facts)  # type: ignore[arg-type]
    return list(run(request).findings)


def normal(*shape: int) -> torch.Tensor:
    return torch.randn(*shape) * 0.02


def _block() -> torch.Tensor:
    return torch.cat([normal(256, 256), normal(256, 256), normal(256, 256) * 2])


def _column() -> torch.Tensor:
    return torch.cat([normal(256, 7), normal(256, 1) + 0.1, normal(256, 40)], 1)


def _row() -> torch.Tensor:
    scale = torch.ones(300, 1)
    scale[5] = 3
    return normal(300, 256) * scale


def _expert() -> torch.Tensor:
    return torch.stack([normal(32, 32) * (2 if expert == 5 else 1) for expert in range(8)])


def _shifted_half() -> torch.Tensor:
    return torch.cat([normal(4096), normal(4096) + 0.01])


@pytest.mark.parametrize("record", [True, False])
@pytest.mark.parametrize(
    ("value", "told"),
    [
        (_block, "rows 512:768 (block 3 of 3 along dim 0) have std 0.0"),
        (_column, "column 7 has mean 0.0"),
        (_row, "row 5 has std 0.0"),
        (_expert, "index 5 of dim 0 has std 0.0"),
        (_shifted_half, "indices 4096:8192 of dim 0 (block 2 of 2 along dim 0) have mean 0.00"),
    ],
)
def test_a_part_that_departs_is_named(
    value: Callable[[], torch.Tensor], told: str, record: bool, tmp_path: Path
) -> None:
    (one,) = (finding for finding in found(held(value), tmp_path, record=record) if finding.code != "IA301")
    assert (one.code, one.severity, one.parameter) == ("IA207", "error", "w")
    assert one.message.startswith(told)


def test_a_declared_region_fails_by_a_part_of_it_that_departs(tmp_path: Path) -> None:
    text = f"version: 1\nunmatched: ignore\nrules: [{{id: w, match: {{name: '*w'}}, init: {NORMAL}, blocks: 4}}]\n"
    (tmp_path / "policy.yaml").write_text(text, encoding="utf-8")
    policy = load_policy(tmp_path / "policy.yaml")
    report = run(Request(target=held(_row), policy=policy, mode=Mode.AS_BUILT, select=PARTS, record=False))
    (told,) = [row for row in report.rows if row.name == "w"]
    assert [part.outcome.value for part in told.parts] == ["fail", "pass", "pass", "pass"]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_parts_of_one_law_are_none(dtype: torch.dtype, tmp_path: Path) -> None:
    def build() -> nn.Module:
        pieces = [torch.cat([normal(64, 96), normal(64, 96)]).to(dtype) for _ in range(10)]
        return nn.ModuleDict({f"{rank}": nn.ParameterDict({"w": piece}) for rank, piece in enumerate(pieces)})

    assert found(build, tmp_path, record=False, seed=3)[1:] == []


@pytest.mark.parametrize("factor", [0.5, 1.2, 3.0])
def test_a_whole_that_is_off_is_no_part(factor: float, tmp_path: Path) -> None:
    assert found(held(lambda: torch.cat([normal(128, 64), normal(128, 64)]) * factor), tmp_path) == []
    assert found(held(lambda: torch.cat([normal(128, 64), normal(128, 64)]) + factor), tmp_path) == []


def test_what_a_slice_speaks_of_is_left_to_it(tmp_path: Path) -> None:
    sliced = NORMAL + ", slices: [{index: '3', init: zeros}]"
    empty_row = held(lambda: torch.cat([normal(3, 256), torch.zeros(1, 256), normal(60, 256)]))
    assert found(empty_row, tmp_path, sliced) == []
    assert [one.code for one in found(empty_row, tmp_path)] == ["IA207", "IA304"]


def test_a_column_of_an_orthogonal_matrix_is_centred(tmp_path: Path) -> None:
    assert found(held(lambda: torch.linalg.qr(torch.randn(128, 128))[0]), tmp_path, "orthogonal") == []
    (one,) = found(held(lambda: torch.linalg.qr(torch.rand(128, 128))[0]), tmp_path, "orthogonal")
    assert one.message.startswith("column 0 has mean ")


def test_parts_of_an_effective_weight_are_looked_at(tmp_path: Path) -> None:
    class Scaled(nn.Module):
        def forward(self, weight: torch.Tensor) -> torch.Tensor:
            return weight * torch.cat([torch.ones(48, 1), torch.full((48, 1), 1.5)])

    def build() -> nn.Module:
        layer = nn.ParameterDict({"w": nn.Parameter(normal(96, 96))})
        torch.nn.utils.parametrize.register_parametrization(layer, "w", Scaled())
        return layer

    (one,) = found(build, tmp_path)
    assert one.message.startswith("rows 48:96 (block 2 of 2 along dim 0) have std ")
    assert found(lambda: parametrizations.weight_norm(nn.Linear(8, 8)), tmp_path, None) == []


def test_repeated_draws_are_told_once(tmp_path: Path) -> None:
    (one,) = found(held(lambda: normal(4, 512).repeat(64, 1)), tmp_path)
    assert (one.code, one.message) == (
        "IA402",
        "rows 0:4, 4:8, 8:12, 12:16 and 60 more (64 of 64 equal parts): they hold the very same values",
    )
    assert [one.code for one in found(held(lambda: normal(4, 512).repeat(64, 1)), tmp_path, None)] == ["IA402"]


def _every_other_row_again() -> torch.Tensor:
    value = normal(64, 32)
    value[::2] = value[1::2]
    return value


def _kernels_twice() -> torch.Tensor:
    value = normal(64, 8, 3, 3)
    value[::2] = value[1::2]
    return value


@pytest.mark.parametrize("record", [True, False])
@pytest.mark.parametrize(
    ("value", "told"),
    [
        (_every_other_row_again, "rows 0:2, 2:4, 4:6, 6:8 and 28 more (32 of 32 equal parts)"),
        (lambda: normal(4, 64, 64).repeat_interleave(2, 0), "indices 0:2, 2:4, 4:6, 6:8 of dim 0 (4 of 4 equal parts)"),
        (_kernels_twice, "indices 0:2, 2:4, 4:6, 6:8 of dim 0 and 28 more (32 of 32 equal parts)"),
    ],
)
def test_slices_that_each_stand_twice_in_a_row_are_an_error(
    value: Callable[[], torch.Tensor], told: str, record: bool, tmp_path: Path
) -> None:
    (one,) = found(held(value), tmp_path, None, record=record)
    assert (one.code, one.severity) == ("IA402", "error")
    assert one.message == f"{told}: each of them is one slice repeated"


def test_columns_that_each_stand_twice_in_a_row_are_an_error_where_they_are_known_to_be_draws(tmp_path: Path) -> None:
    (one,) = found(held(lambda: normal(64, 16).repeat_interleave(2, 1)), tmp_path, None)
    assert one.code == "IA402"
    assert one.message.startswith("columns 0:2, 2:4, 4:6, 6:8 and 12 more (16 of 16 equal parts): each of them")
    table = held(lambda: torch.outer(torch.arange(64.0), torch.arange(16.0)).sin().repeat_interleave(2, 1))
    assert found(table, tmp_path, None, record=False) == []


@pytest.mark.parametrize(
    ("shape", "times"),
    [
        ((16, 8, 3, 3), 4),
        ((16, 8, 3, 3), 9),
        ((8, 4, 3, 3, 3), 8),
        ((16, 8, 3), 2),
        ((1, 8, 3, 3), 4),
        ((1, 8, 3, 3), 9),
    ],
)
def test_kernels_of_a_sub_pixel_convolution_stand_as_often_as_it_makes_places(
    shape: tuple[int, ...], times: int, tmp_path: Path
) -> None:
    kinds = (nn.Conv1d, nn.Conv2d, nn.Conv3d)

    def build() -> nn.Module:
        layer = kinds[len(shape) - 3](shape[1], shape[0] * times, shape[2])
        layer.weight.data.copy_(normal(*shape).repeat_interleave(times, 0))
        return layer

    assert found(build, tmp_path, None) == []
    if len(shape) > 3 and shape[0] > 1:
        assert found(lambda: parametrizations.weight_norm(build()), tmp_path, None) == []


@pytest.mark.parametrize("record", [True, False])
def test_equal_kernels_that_no_enlargement_of_a_single_channel_has_are_an_error(record: bool, tmp_path: Path) -> None:
    def build() -> nn.Module:
        layer = nn.Conv2d(8, 16, 3)
        layer.weight.data.copy_(normal(1, 8, 3, 3).expand(16, -1, -1, -1))
        return layer

    (one,) = found(build, tmp_path, None, record=record)
    assert one.code == "IA402"


def _with_repeated_rows() -> torch.Tensor:
    value = normal(64, 32)
    value[torch.tensor([10, 20])] = value[5].clone()
    return value


def _with_dead_columns() -> torch.Tensor:
    kept = torch.ones(32)
    kept[torch.tensor([4, 9])] = 0
    return normal(64, 32) * kept


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (_with_repeated_rows, "rows 5, 10, 20 (3 of 64 equal parts): they hold the very same values"),
        (_with_dead_columns, "columns 4, 9 (2 of 32 equal parts): every value there is 0"),
        (lambda: torch.cat([normal(9, 32), torch.ones(1, 32)]), "row 9: every value there is 1"),
    ],
)
def test_dead_and_repeated_rows_and_columns_are_warnings(
    value: Callable[[], torch.Tensor], told: str, tmp_path: Path
) -> None:
    (one,) = found(held(value), tmp_path, None)
    assert (one.code, one.severity, one.message) == ("IA304", "warning", told)


def _written_row() -> torch.Tensor:
    value = normal(64, 32)
    value[7].zero_()
    return value


def _rows_put_by_indices() -> torch.Tensor:
    value = normal(64, 512)
    value[[3, 50, 19]] = 0
    return value


def _rows_filled_by_a_mask() -> torch.Tensor:
    return normal(64, 32).masked_fill_((torch.arange(64) % 9 == 4).unsqueeze(1), 0.1)


def _table() -> torch.Tensor:
    return torch.arange(1.0, 17.0).log().repeat(64, 1)


def _signs() -> torch.Tensor:
    return torch.randint(0, 2, (4096, 8)) * 2.0 - 1


def _sparse() -> torch.Tensor:
    return nn.init.sparse_(torch.empty(64, 16), 0.9)


def _new_rows() -> torch.Tensor:
    value = normal(64, 32)
    value[60:] = value[:60].mean(0)
    return value


def _new_rows_by_cat() -> torch.Tensor:
    value = normal(60, 32)
    return torch.cat([value, value.mean(0).expand(4, -1)])


def _new_rows_by_stack() -> torch.Tensor:
    value = normal(60, 32)
    return torch.cat([value, torch.stack([value.mean(0)] * 4)])


def _rows_of_a_table() -> torch.Tensor:
    return normal(500, 32)[torch.tensor([3, 77, 3, 410, 9, 77, 30, 20])]


def _scales_for_each_row() -> torch.Tensor:
    return torch.empty(64, 32).copy_(torch.rand(64, 1).expand(64, 32))


def _rows_of_one_drawn_scalar() -> torch.Tensor:
    value = normal(64, 32)
    value[8] = torch.rand(1)
    return value


def _triangular() -> torch.Tensor:
    return torch.triu(normal(32, 32), 1)


def _upsampled() -> torch.Tensor:
    return normal(16, 8, 3, 3).repeat_interleave(4, 0)


def _hadamard() -> torch.Tensor:
    value = torch.ones(1, 1)
    for _ in range(6):
        value = torch.cat([torch.cat([value, value], 1), torch.cat([value, -value], 1)])
    return value / 8


@pytest.mark.parametrize("record", [True, False])
@pytest.mark.parametrize(
    "value",
    [
        _written_row,
        _rows_put_by_indices,
        _rows_filled_by_a_mask,
        _new_rows,
        _new_rows_by_cat,
        _new_rows_by_stack,
        _rows_of_a_table,
        _scales_for_each_row,
        _rows_of_one_drawn_scalar,
        _table,
        _signs,
        _sparse,
        _triangular,
        _upsampled,
        _hadamard,
        lambda: torch.zeros(64, 64),
    ],
)
def test_what_repeats_by_design_or_by_chance_is_none(
    value: Callable[[], torch.Tensor], record: bool, tmp_path: Path
) -> None:
    judged = [one for one in found(held(value), tmp_path, None, record=record) if one.severity is not Severity.NOTE]
    written = (_written_row, _rows_put_by_indices, _rows_filled_by_a_mask)
    known_by_recording = value in (*written, _rows_of_a_table, _rows_of_one_drawn_scalar)
    assert [one.code for one in judged] == (["IA304"] if known_by_recording and not record else [])


def _units_of_one_row() -> nn.Module:
    layer = nn.Linear(32, 64)
    with torch.no_grad():
        layer.weight.copy_(torch.randn(32).expand(64, 32))
    return layer


@pytest.mark.parametrize(
    ("build", "init"), [(_units_of_one_row, None), (held(_scales_for_each_row), "{uniform: {a: 0, b: 1}}")]
)
def test_one_row_for_all_units_and_for_what_should_be_draws_is_an_error(
    build: Callable[[], nn.Module], init: str | None, tmp_path: Path
) -> None:
    assert [one.code for one in found(build, tmp_path, init)] == ["IA402"]


@pytest.mark.parametrize("record", [True, False])
@pytest.mark.parametrize(
    "spread",
    [
        lambda row: row.repeat(16, 1),
        lambda row: row.repeat(1, 16, 1),
        lambda row: row.expand(16, 64).clone(),
        lambda row: torch.stack([row[0]] * 16),
        lambda row: torch.cat([row] * 16),
        lambda row: row.tile(16, 1),
        lambda row: row.repeat_interleave(16, 0),
        lambda row: torch.empty(16, 64).copy_(row),
    ],
)
def test_rows_of_one_drawn_row_are_an_error(
    spread: Callable[[torch.Tensor], torch.Tensor], record: bool, tmp_path: Path
) -> None:
    (one,) = found(held(lambda: spread(normal(1, 64))), tmp_path, None, record=record)
    assert (one.code, one.severity) == ("IA402", "error")
    assert one.message.endswith(" and 12 more (16 of 16 equal parts): they hold the very same values")


def test_rows_of_the_same_drawn_signs_are_an_error_where_the_draw_is_recorded(tmp_path: Path) -> None:
    signs = held(lambda: torch.ones(4, 64).copy_(torch.bernoulli(torch.full((64,), 0.5)) * 2 - 1))
    (one,) = found(signs, tmp_path, None)
    assert (one.code, one.severity) == ("IA402", "error")
    assert [one.code for one in found(signs, tmp_path, None, record=False)] == []


def test_blocks_that_numpy_drew_once_are_found_and_those_of_a_table_are_not(tmp_path: Path) -> None:
    def tiled(values: Callable[[], np.ndarray]) -> Callable[[], nn.Module]:
        return held(lambda: torch.from_numpy(np.tile(values().astype(np.float32), (4, 1))))

    drawn = tiled(lambda: np.random.randn(16, 64))
    assert [one.code for one in found(drawn, tmp_path, None)] == ["IA402"]
    table = tiled(lambda: np.sin(np.arange(1024.0).reshape(16, 64) ** 2))
    assert found(table, tmp_path, None) == []


def _isotropic_scales() -> torch.Tensor:
    return torch.from_numpy(np.random.rand(400, 1).astype(np.float32)).log().repeat(1, 3)


@pytest.mark.parametrize("record", [True, False])
def test_rows_that_are_each_one_number_are_a_note_in_a_bare_parameter_and_an_error_in_a_layer(
    record: bool, tmp_path: Path
) -> None:
    def layer() -> nn.Module:
        linear = nn.Linear(3, 400)
        linear.weight = nn.Parameter(_isotropic_scales())
        return linear

    bare = [
        one.severity for one in found(held(_isotropic_scales), tmp_path, None, record=record) if one.code == "IA402"
    ]
    assert bare == [Severity.NOTE]
    units = [one.severity for one in found(layer, tmp_path, None, record=record) if one.code == "IA402"]
    assert units == [Severity.ERROR]


def test_rows_in_a_row_that_are_one_are_a_note_where_nothing_is_recorded(tmp_path: Path) -> None:
    (one,) = [one for one in found(held(_new_rows), tmp_path, None, record=False) if one.code == "IA304"]
    assert one.severity is Severity.NOTE
    assert one.message.startswith("rows 60, 61, 62, 63 (4 of 64 equal parts): they hold the very same values; one row")


def _with_an_outlier() -> torch.Tensor:
    value = normal(512, 512)
    value[3, 4] = 1
    return value


def _underflown() -> torch.Tensor:
    return (torch.randn(64, 64) * 1e-8).half()


@pytest.mark.parametrize(
    ("value", "init", "record"),
    [
        (_with_an_outlier, NORMAL, False),
        (_with_an_outlier, NORMAL, True),
        (_underflown, "{normal: {std: 1e-8}}", False),
        (_underflown, "{normal: {std: 1e-8}}", True),
    ],
)
def test_what_an_outlier_or_underflow_makes_of_a_part_is_not_told_again(
    value: Callable[[], torch.Tensor], init: str, record: bool, tmp_path: Path
) -> None:
    assert found(held(value), tmp_path, init, record=record) == []


def test_a_part_that_is_off_beside_an_outlier_is_told(tmp_path: Path) -> None:
    def value() -> torch.Tensor:
        some = _with_an_outlier()
        some[100:200] *= 2
        return some

    assert [one.code for one in found(held(value), tmp_path, record=False)] == ["IA207"]


def test_what_is_unchecked_may_repeat(tmp_path: Path) -> None:
    def build() -> nn.Module:
        return nn.ParameterDict({"v": nn.Parameter(torch.zeros(3)), "w": nn.Parameter(normal(8, 64).repeat(2, 1))})

    assert [one.code for one in found(build, tmp_path)] == ["IA402"]
    assert found(build, tmp_path, "unchecked, reason: copies}, {id: v, match: {name: v}, init: zeros") == []
