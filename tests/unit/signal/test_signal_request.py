"""What can be said of inputs and widths, and how what cannot be read is told."""

import pytest

from initaudit.errors import OptionError
from initaudit.signal.request import Filling, InputSpec, WidthSweep


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("16,256", InputSpec(shape=(16, 256))),
        ("16, 256", InputSpec(shape=(16, 256))),
        ("x=1,3,224,224:uniform", InputSpec(name="x", shape=(1, 3, 224, 224), filling=Filling.UNIFORM)),
        ("ids=2,32:ints:50257", InputSpec(name="ids", shape=(2, 32), filling=Filling.INTS, bound=50257)),
        ("2,32:ints:9:int32", InputSpec(shape=(2, 32), filling=Filling.INTS, bound=9, dtype="int32")),
        ("4,8:float16", InputSpec(shape=(4, 8), dtype="float16")),
        ("4,8:normal:bfloat16", InputSpec(shape=(4, 8), dtype="bfloat16")),
    ],
)
def test_input_is_read(text: str, spec: InputSpec) -> None:
    assert InputSpec.read(text) == spec


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is no shape"),
        ("16x256", "is no shape"),
        ("0,256", "is no shape"),
        ("-1,256", "is no shape"),
        ("²,3", "is no shape"),
        ("3-x=1,2", "is no name of an argument"),
        ("2,3:ints", "ints needs the bound"),
        ("2,3:ints:many", "ints needs the bound"),
        ("2,3:floaty16", "did you mean 'float16'"),
        ("2,3:uniform:float32:again", "is no dtype"),
        ("2,3:unifrm", "'unifrm' is no dtype; did you mean 'uniform'?"),
    ],
)
def test_what_is_no_input_is_told(text: str, told: str) -> None:
    with pytest.raises(OptionError, match=told):
        InputSpec.read(text)


def test_widths_are_read_in_order() -> None:
    assert WidthSweep.read("width=256,64,128") == WidthSweep(argument="width", values=(64, 128, 256))


@pytest.mark.parametrize("text", ["width", "width=64,128", "width=64,128,wide", "=1,2,3", "w=64,64,64"])
def test_what_is_no_row_of_widths_is_told(text: str) -> None:
    with pytest.raises(OptionError, match="--widths"):
        WidthSweep.read(text)


def test_input_is_told_in_words() -> None:
    assert InputSpec.read("ids=2,32:ints:9").told("int64") == "ids: ints below 9 (2, 32) int64"
