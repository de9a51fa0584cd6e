"""Files in the safetensors format are what the format's own reader takes, and are written one tensor at a time."""

import json
import math
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from initaudit.errors import TargetError
from initaudit.evidence.safetensors_file import DTYPES, Form, write

READABLE = [dtype for dtype in DTYPES if dtype is not torch.complex64]


def bits(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.contiguous().reshape(-1).view(torch.uint8)


def forms(tensors: Mapping[str, torch.Tensor]) -> dict[str, Form]:
    return {name: Form(dtype=one.dtype, shape=tuple(one.shape)) for name, one in tensors.items()}


def written(path: Path, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    size = write(path, forms(tensors), tensors.__getitem__, {})
    assert size == path.stat().st_size
    read: dict[str, torch.Tensor] = load_file(path)
    return read


def test_an_end_halfway_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(b"old")

    def make(name: str) -> torch.Tensor:
        if name == "b":
            raise KeyboardInterrupt
        return torch.ones(4)

    with pytest.raises(KeyboardInterrupt):
        write(path, forms({"a": torch.ones(4), "b": torch.ones(4)}), make, {})
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("name", "tensor", "message"),
    [
        ("w", torch.zeros(2, dtype=torch.complex128), "w is of dtype complex128, which safetensors lacks"),
        ("w\ud800", torch.zeros(2), "is no text that safetensors can hold"),
        ("__metadata__", torch.zeros(2), "keeps the name '__metadata__' for itself"),
    ],
)
def test_what_the_format_cannot_hold_is_refused_before_anything_is_written(
    tmp_path: Path, name: str, tensor: torch.Tensor, message: str
) -> None:
    with pytest.raises(TargetError, match=message):
        write(tmp_path / "a", forms({name: tensor}), {name: tensor}.__getitem__, {})
    assert list(tmp_path.iterdir()) == []


def test_a_tensor_other_than_announced_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="announced as"):
        write(tmp_path / "a", forms({"a": torch.ones(4)}), lambda name: torch.ones(5), {})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("dtype", READABLE, ids=str)
@pytest.mark.parametrize("shape", [(), (0, 3), (5,), (3, 5, 7)], ids=str)
def test_every_dtype_and_shape_comes_back_bit_by_bit(
    tmp_path: Path, dtype: torch.dtype, shape: tuple[int, ...]
) -> None:
    count = math.prod(shape) * dtype.itemsize
    raw = torch.randint(0, 2 if dtype is torch.bool else 256, (count,), dtype=torch.uint8)
    tensor = raw.view(dtype).reshape(shape)
    read = written(tmp_path / "a", {"w": tensor})["w"]
    assert (read.dtype, read.shape) == (dtype, shape)
    assert torch.equal(bits(read), bits(tensor))


def test_tensors_of_every_width_lie_side_by_side_and_aligned(tmp_path: Path) -> None:
    tensors = {str(dtype): torch.ones(3).to(dtype) for dtype in reversed(READABLE)}
    read = written(tmp_path / "a", tensors)
    assert all(torch.equal(bits(read[name]), bits(tensor)) for name, tensor in tensors.items())
    data = (tmp_path / "a").read_bytes()
    length = int.from_bytes(data[:8], "little")
    assert length % 8 == 0
    for tensor in (one for name, one in json.loads(data[8 : 8 + length]).items() if name != "__metadata__"):
        start, stop = tensor["data_offsets"]
        assert start % ((stop - start) // 3) == 0


def test_a_transposed_tensor_is_stored_in_its_own_order(tmp_path: Path) -> None:
    tensor = torch.arange(6.0).reshape(2, 3).T
    assert torch.equal(written(tmp_path / "a", {"w": tensor})["w"], tensor)


def test_names_of_any_script_and_metadata_come_back(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write(path, forms({'größe."重み"': torch.ones(2)}), lambda name: torch.ones(2), {"head.weight": "wte.weight"})
    with safe_open(path, framework="pt") as archive:
        assert archive.keys() == ['größe."重み"']
        assert archive.metadata() == {"head.weight": "wte.weight"}


def test_tensors_are_made_one_by_one_when_their_turn_comes(tmp_path: Path) -> None:
    made: list[str] = []

    def make(name: str) -> torch.Tensor:
        made.append(name)
        return torch.ones(2, dtype=torch.bfloat16 if name == "half" else torch.float32)

    shapes = {"half": Form(dtype=torch.bfloat16, shape=(2,)), "one": Form(dtype=torch.float32, shape=(2,))}
    write(tmp_path / "a", {**shapes, "two": shapes["one"]}, make, {})
    assert made == ["one", "two", "half"]
