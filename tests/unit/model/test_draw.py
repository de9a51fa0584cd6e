"""Drawing: what a law means is what torch's own initialiser makes, bit for bit, and each parameter stands alone."""

import math
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import NormalDist
from typing import Any

import pytest
import torch
from torch import nn

from initaudit.errors import PolicyError
from initaudit.fans import torch_fans
from initaudit.initialisers import INITIALISERS, Geometry, calculate_gain
from initaudit.laws import Constant, Elementwise, Law, Loaded, LogUniform, Normal, Sparse, Unknown
from initaudit.model.draw import draw, fill, generator_for, reference, seed_for
from initaudit.model.through import THROUGH
from initaudit.policy.expectation import Clause
from initaudit.policy.schema import Through
from initaudit.regions import whole

CPU = torch.device("cpu")
INIT = nn.init


def law_of(name: str, shape: tuple[int, ...], **arguments: Any) -> Law:
    entry = INITIALISERS[name]
    defaults = {one.name: one.default for one in entry.arguments if not one.required}
    assert entry.law is not None
    return entry.law(Geometry(shape=shape, fans=torch_fans(shape)), **{**defaults, **arguments})


def made(law: Law, shape: tuple[int, ...], dtype: torch.dtype = torch.float32, seed: int = 7) -> torch.Tensor:
    tensor = torch.full(shape, 3, dtype=dtype)
    draw(tensor, law, torch.Generator().manual_seed(seed))  # type: ignore[arg-type]
    return tensor


# name, shape, arguments, torch's own function
SAME: list[tuple[str, tuple[int, ...], Mapping[str, Any], Callable[..., Any]]] = [
    ("normal", (40, 30), {"mean": 0.5, "std": 0.02}, lambda t, g: INIT.normal_(t, 0.5, 0.02, generator=g)),
    ("normal", (3,), {}, lambda t, g: INIT.normal_(t, generator=g)),
    ("uniform", (40, 30), {"a": -0.3, "b": 0.1}, lambda t, g: INIT.uniform_(t, -0.3, 0.1, generator=g)),
    ("trunc_normal", (40, 30), {}, lambda t, g: INIT.trunc_normal_(t, generator=g)),
    (
        "trunc_normal",
        (40, 30),
        {"mean": 1.0, "std": 0.5, "a": 0.2, "b": 1.1},
        lambda t, g: INIT.trunc_normal_(t, 1.0, 0.5, 0.2, 1.1, generator=g),
    ),
    ("xavier_uniform", (8, 6, 3, 3), {"gain": 1.7}, lambda t, g: INIT.xavier_uniform_(t, 1.7, generator=g)),
    ("xavier_normal", (40, 30), {}, lambda t, g: INIT.xavier_normal_(t, generator=g)),
    (
        "kaiming_uniform",
        (40, 30),
        {"a": math.sqrt(5)},
        lambda t, g: INIT.kaiming_uniform_(t, math.sqrt(5), generator=g),
    ),
    (
        "kaiming_uniform",
        (8, 6, 3),
        {"mode": "fan_out", "nonlinearity": "tanh"},
        lambda t, g: INIT.kaiming_uniform_(t, mode="fan_out", nonlinearity="tanh", generator=g),
    ),
    (
        "kaiming_normal",
        (8, 6, 3, 3),
        {"mode": "fan_out", "nonlinearity": "relu"},
        lambda t, g: INIT.kaiming_normal_(t, mode="fan_out", nonlinearity="relu", generator=g),
    ),
    ("kaiming_normal", (40, 30), {"a": 0.2}, lambda t, g: INIT.kaiming_normal_(t, 0.2, generator=g)),
    ("eye", (5, 7), {}, lambda t, g: INIT.eye_(t)),
    ("dirac", (6, 4, 3), {}, lambda t, g: INIT.dirac_(t)),
    ("dirac", (6, 2, 3, 3), {"groups": 3}, lambda t, g: INIT.dirac_(t, 3)),
    ("constant", (4, 5), {"val": 0.3}, lambda t, g: INIT.constant_(t, 0.3)),
    ("ones", (4,), {}, lambda t, g: INIT.ones_(t)),
    ("zeros", (4,), {}, lambda t, g: INIT.zeros_(t)),
]
DTYPES = pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16], ids=str)


@DTYPES
@pytest.mark.parametrize(("name", "shape", "arguments", "theirs"), SAME, ids=[f"{one[0]}{one[1]}" for one in SAME])
def test_draw_is_torchs_own(
    name: str, shape: tuple[int, ...], arguments: Mapping[str, Any], theirs: Callable[..., Any], dtype: torch.dtype
) -> None:
    wanted = torch.full(shape, 3, dtype=dtype)
    theirs(wanted, torch.Generator().manual_seed(7))
    assert torch.equal(made(law_of(name, shape, **arguments), shape, dtype), wanted)


@pytest.mark.parametrize("shape", [(30, 20), (20, 30), (8, 3, 2, 2)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_orthogonal_is_torchs_own(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    wanted = INIT.orthogonal_(torch.empty(shape, dtype=dtype), 1.5, generator=torch.Generator().manual_seed(7))
    assert torch.equal(made(law_of("orthogonal", shape, gain=1.5), shape, dtype), wanted)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float8_e4m3fn], ids=str)
def test_orthogonal_of_a_small_dtype_is_the_rounded_one(dtype: torch.dtype) -> None:
    law = law_of("orthogonal", (12, 12))
    assert torch.equal(made(law, (12, 12), dtype).float(), made(law, (12, 12)).to(dtype).float())


@pytest.mark.parametrize("name", ["leaky_relu", "relu", "tanh", "selu", "sigmoid", "linear", "conv2d"])
def test_gain_is_torchs_own(name: str) -> None:
    assert calculate_gain(name) == INIT.calculate_gain(name)


LAWS: list[Law] = [
    law_of("normal", (), mean=0.4, std=0.02),
    law_of("uniform", (), a=-1.0, b=0.25),
    law_of("trunc_normal", (), std=0.5, a=-0.6, b=2.0),
    law_of("trunc_normal", (), std=0.02),
    law_of("log_uniform", (), a=1e-3, b=1e-1),
    law_of("variance_scaling", (200, 1000), scale=2.0),
    law_of("variance_scaling", (200, 1000), mode="fan_avg", distribution="uniform"),
    law_of("xavier_normal", (200, 1000), gain=2.0),
    law_of("sparse", (200, 1000), sparsity=0.3, std=0.1),
    law_of("eye", (200, 1000)),
    law_of("dirac", (200, 50, 4, 5)),
]
CHANCE = 1e-6
DEVIATIONS = NormalDist().inv_cdf(1 - CHANCE / (4 * len(LAWS)))
"""Standard errors that mean or std of a right law exceed with less than that chance, all laws together."""


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_declared_figures_are_those_of_the_draws(law: Law) -> None:
    shape = (200, 50, 4, 5) if str(law).startswith("dirac") else (200, 1000)
    values = made(law, shape, torch.float64).flatten()
    assert law.mean is not None
    assert law.std is not None
    error = (values - law.mean) ** 2
    allowed = DEVIATIONS / math.sqrt(values.numel())
    assert abs(values.mean().item() - law.mean) <= allowed * law.std + 1e-9
    assert abs(error.mean().item() - law.std**2) <= allowed * error.std().item() + 1e-9
    assert law.low is None or values.min() >= law.low
    assert law.high is None or values.max() <= law.high


def test_orthogonal_holds_its_figures_exactly() -> None:
    law = law_of("orthogonal", (60, 40), gain=3.0)
    values = made(law, (60, 40), torch.float64)
    assert values.square().mean().sqrt().item() == pytest.approx(law.std)
    assert torch.allclose(values.t() @ values, 9 * torch.eye(40, dtype=torch.float64))


def test_sparse_zeros_are_counted_in_every_column() -> None:
    law = Sparse(rows=10, columns=30, sparsity=0.25)
    assert ((made(law, (10, 30)) == 0).sum(0) == 3).all()
    assert (made(Sparse(rows=10, columns=3, sparsity=0.0), (10, 3)) != 0).all()


@pytest.mark.parametrize("dtype", [torch.float8_e4m3fn, torch.float8_e5m2], ids=str)
@pytest.mark.parametrize("law", LAWS[:5], ids=str)
def test_dtype_that_torch_cannot_draw_in_is_rounded_from_float32(law: Law, dtype: torch.dtype) -> None:
    assert torch.equal(made(law, (4, 5), dtype).float(), made(law, (4, 5)).to(dtype).float())


def test_tensor_of_any_layout_is_filled() -> None:
    whole_tensor = torch.full((6, 8), 9.0)
    draw(whole_tensor[:, 2:5].t(), Normal(), torch.Generator().manual_seed(0))
    assert (whole_tensor[:, 2:5] != 9).all()
    assert (whole_tensor[:, :2] == 9).all()
    assert (whole_tensor[:, 5:] == 9).all()


def test_nothing_is_drawn_from_an_unknown_law() -> None:
    with pytest.raises(ValueError, match="nothing can be drawn from an unknown law: for a reason"):
        made(Unknown(reason="for a reason"), (2,))


def test_formula_is_the_same_in_every_row() -> None:
    law = Elementwise(text="i", values=(0.0, 1.0, 2.0))
    assert made(law, (2, 3)).tolist() == [[0, 1, 2], [0, 1, 2]]
    assert made(Elementwise(text="5", values=(5.0,)), ()).item() == 5


def test_seed_and_name_alone_decide() -> None:
    assert seed_for(0, "a.weight") == seed_for(0, "a.weight")
    assert len({seed_for(seed, name) for seed in range(20) for name in ("a", "b", "a.b", "é\ud800")}) == 80
    assert 0 <= seed_for(2**63, "x") < 2**63


def clause(law: Law | None, shape: tuple[int, ...], through: Through | None = None) -> Clause:
    box = whole(shape)
    return Clause(box=box, measured=(box,), shape=shape, law=law, through=through)


def test_clause_without_a_law_writes_nothing() -> None:
    tensor = torch.tensor([1.0, 2.0])
    fill(tensor, clause(None, (2,)), generator_for(0, "x", CPU))
    assert tensor.tolist() == [1, 2]


def test_parameter_that_needs_gradients_is_filled() -> None:
    tensor = nn.Parameter(torch.ones(3))
    fill(tensor, clause(Constant(value=2.0), (3,)), generator_for(0, "x", CPU))
    assert tensor.tolist() == [2, 2, 2]
    assert tensor.requires_grad


RANGES = {
    Through.SOFTPLUS: (1e-3, 30.0),
    Through.EXP: (1e-3, 30.0),
    Through.LOG: (-5.0, 5.0),
    Through.SIGMOID: (0.01, 0.99),
    Through.TANH: (-0.99, 0.99),
}


def test_every_function_to_look_through_has_its_inverse() -> None:
    assert set(THROUGH) == set(Through) == set(RANGES)


@pytest.mark.parametrize("through", Through)
def test_function_undoes_its_inverse(through: Through) -> None:
    values = torch.linspace(*RANGES[through], 1001)
    pair = THROUGH[through]
    assert torch.allclose(pair.function(pair.inverse(values)), values, rtol=2e-5)


def test_law_holds_for_the_function_of_what_is_written() -> None:
    tensor = torch.empty(1000)
    law = LogUniform(low=1e-3, high=1e-1)
    fill(tensor, clause(law, (1000,), Through.SOFTPLUS), generator_for(0, "dt_bias", CPU))
    seen = nn.functional.softplus(tensor)
    assert tensor.max() < 0
    assert 0.99e-3 < seen.min() < seen.max() < 1.01e-1


def stored(tmp_path: Path, name: str, content: Any) -> str:
    file = tmp_path / name
    if name.endswith(".safetensors"):
        from safetensors.torch import save_file

        save_file(content, file)
    else:
        torch.save(content, file)
    return str(file)


@pytest.mark.parametrize("name", ["w.safetensors", "w.pt", "w.bin", "w.pth"])
def test_loaded_tensor_is_the_files(tmp_path: Path, name: str) -> None:
    tensor = torch.randn(3, 4)
    file = stored(tmp_path, name, {"student.weight": tensor})
    found = reference(Loaded(file=file, key="student.weight"), torch.empty(3, 4, dtype=torch.bfloat16))
    assert torch.equal(found, tensor.bfloat16())


def test_loaded_tensor_may_lie_under_state_dict(tmp_path: Path) -> None:
    file = stored(tmp_path, "w.pt", {"epoch": 3, "state_dict": {"weight": torch.ones(2)}})
    assert reference(Loaded(file=file, key="weight"), torch.empty(2)).tolist() == [1, 1]


def test_loaded_tensor_may_lie_under_any_key_that_the_prefix_names(tmp_path: Path) -> None:
    file = stored(tmp_path, "w.pt", {"epoch": 3, "model": {"ema": {"weight": torch.ones(2)}}})
    assert reference(Loaded(file=file, key="model.ema.weight"), torch.empty(2)).tolist() == [1, 1]


def refused(file: str, key: str = "weight", shape: tuple[int, ...] = (2,)) -> str:
    with pytest.raises(PolicyError) as caught:
        reference(Loaded(file=file, key=key), torch.empty(shape))
    message = str(caught.value)
    assert message.startswith(f"{file}: ")
    assert "\n" not in message
    return message.removeprefix(f"{file}: ")


@pytest.mark.parametrize("name", ["w.safetensors", "w.pt"])
def test_missing_tensor_and_wrong_shape_are_told(tmp_path: Path, name: str) -> None:
    file = stored(tmp_path, name, {"weight": torch.ones(2, 3)})
    assert refused(file, "wieght") == "it holds no tensor named 'wieght'; did you mean 'weight'?"
    assert refused(file, "nothing like it") == "it holds no tensor named 'nothing like it'"
    assert refused(file) == "'weight' has shape (2, 3) there and (2,) in the model"


@pytest.mark.parametrize("name", ["w.safetensors", "w.pt"])
def test_names_with_something_else_in_front_are_told_with_what_to_write(tmp_path: Path, name: str) -> None:
    file = stored(tmp_path, name, {"module.a.weight": torch.ones(2), "module.b.weight": torch.ones(2)})
    assert refused(file, "a.weight") == (
        "it holds no tensor named 'a.weight', but 'module.a.weight'; let the rule's `prefix` begin with 'module.'"
    )
    assert refused(file, "net.module.a.weight") == (
        "it holds no tensor named 'net.module.a.weight', but 'module.a.weight'; give 'net.' as the rule's `strip`, or "
        "leave it out of its `prefix`"
    )


def test_names_in_a_dictionary_of_the_file_are_told_with_its_key(tmp_path: Path) -> None:
    file = stored(tmp_path, "w.pt", {"epoch": 3, "model": {"a.weight": torch.ones(2)}})
    assert refused(file, "a.weight").endswith("but 'model.a.weight'; let the rule's `prefix` begin with 'model.'")


def test_names_with_several_things_in_front_are_left_to_the_user(tmp_path: Path) -> None:
    file = stored(tmp_path, "w.pt", {"student.a.weight": torch.ones(2), "teacher.a.weight": torch.ones(2)})
    assert refused(file, "a.weight").startswith("it holds no tensor named 'a.weight'; did you mean ")


def test_a_file_that_holds_itself_is_read(tmp_path: Path) -> None:
    content: dict[str, Any] = {"weight": torch.ones(2)}
    content["again"] = content
    assert refused(stored(tmp_path, "w.pt", content), "bias") == "it holds no tensor named 'bias'"


def test_file_without_named_tensors_is_told(tmp_path: Path) -> None:
    assert refused(stored(tmp_path, "w.pt", torch.ones(2))) == "it holds no tensor named 'weight'"
    assert refused(stored(tmp_path, "v.pt", {"weight": 3})) == "it holds no tensor named 'weight'"


@pytest.mark.parametrize("name", ["w.safetensors", "w.pt"])
def test_missing_file_is_told(tmp_path: Path, name: str) -> None:
    assert refused(str(tmp_path / name)) == "there is no such file"


@pytest.mark.parametrize("content", [b"", b"garbage", b"PK\x03\x04 cut short", b"\xff" * 100], ids=repr)
@pytest.mark.parametrize("name", ["w.safetensors", "w.pt"])
def test_corrupted_file_is_told(tmp_path: Path, name: str, content: bytes) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    message = refused(str(file))
    assert message.startswith("it cannot be read")
    assert len(message) < 600


class Bomb:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.touch, (self.mark,)


@pytest.mark.parametrize("plain", [True, False])
def test_code_in_a_file_is_refused_and_does_not_run(tmp_path: Path, plain: bool) -> None:
    mark, file = tmp_path / "ran", tmp_path / "w.pt"
    if plain:
        file.write_bytes(pickle.dumps({"weight": Bomb(mark)}))
    else:
        torch.save({"weight": torch.ones(2), "more": Bomb(mark)}, file)
    assert refused(str(file)).startswith("it cannot be read")
    assert not mark.exists()
