"""Write the safetensors format one tensor at a time: a header that says where each lies, then their bytes."""

import ctypes
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import torch

from initaudit.errors import TargetError
from initaudit.replacing import Draft, replacing

DTYPES: Mapping[torch.dtype, str] = MappingProxyType(
    {
        torch.float64: "F64",
        torch.float32: "F32",
        torch.float16: "F16",
        torch.bfloat16: "BF16",
        torch.float8_e4m3fn: "F8_E4M3",
        torch.float8_e5m2: "F8_E5M2",
        torch.complex64: "C64",
        torch.int64: "I64",
        torch.int32: "I32",
        torch.int16: "I16",
        torch.int8: "I8",
        torch.uint64: "U64",
        torch.uint32: "U32",
        torch.uint16: "U16",
        torch.uint8: "U8",
        torch.bool: "BOOL",
    }
)
"""What the format calls each dtype."""
_ALIGNMENT = 8
_METADATA = "__metadata__"


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What is known of a tensor before it is made."""

    dtype: torch.dtype
    shape: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        """How many bytes its values take."""
        return math.prod(self.shape) * self.dtype.itemsize


def write(
    path: Path, forms: Mapping[str, Form], make: Callable[[str], torch.Tensor], metadata: Mapping[str, str]
) -> int:
    """Write named tensors, each made when its turn comes and let go, and give the file's size in bytes.

    The file takes its place when it is whole; where anything fails, nothing is left of it. Raises OptionError where it
    cannot be written, TargetError for what the format cannot hold.
    """
    _require_names(forms)
    ordered = sorted(forms, key=lambda name: -forms[name].dtype.itemsize)  # so that every tensor is aligned
    head = _header({name: forms[name] for name in ordered}, metadata)
    size = len(head) + sum(form.nbytes for form in forms.values())
    with replacing(path) as file:
        file.reserve(size)
        file.write(head)
        for name in ordered:
            _write(file, make(name), forms[name])
    return size


def _require_names(forms: Mapping[str, Form]) -> None:
    for name, form in forms.items():
        if form.dtype not in DTYPES:
            raise TargetError(f"{name} is of dtype {str(form.dtype).removeprefix('torch.')}, which safetensors lacks")
        try:
            name.encode("utf-8")
        except UnicodeEncodeError:
            raise TargetError(f"{name!r} is no text that safetensors can hold; rename the parameter") from None
        if name == _METADATA:
            raise TargetError(f"safetensors keeps the name {name!r} for itself; rename the parameter")


def _header(forms: Mapping[str, Form], metadata: Mapping[str, str]) -> bytes:
    """Give the length of the header and the header, padded so that the data after it is aligned."""
    told: dict[str, object] = {_METADATA: dict(metadata)}
    start = 0
    for name, form in forms.items():
        stop = start + form.nbytes
        told[name] = {"dtype": DTYPES[form.dtype], "shape": list(form.shape), "data_offsets": [start, stop]}
        start = stop
    text = json.dumps(told, separators=(",", ":")).encode("ascii")
    text += b" " * (-len(text) % _ALIGNMENT)
    return len(text).to_bytes(8, "little") + text


def _write(file: Draft, tensor: torch.Tensor, form: Form) -> None:
    if (tensor.dtype, tuple(tensor.shape)) != (form.dtype, form.shape):
        raise ValueError(f"announced as {form}, made as {tensor.dtype} {tuple(tensor.shape)}")
    if form.nbytes:
        dense = tensor.detach().resolve_conj().resolve_neg().cpu().contiguous()
        file.write((ctypes.c_char * form.nbytes).from_address(dense.data_ptr()))
