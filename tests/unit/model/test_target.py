"""Targets: each way to name a wrong one says what is wrong and what to do."""

import gc
import os
import random
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import initaudit
from initaudit.errors import TargetError
from initaudit.model.target import Subject, build


def module_file(folder: Path, name: str, source: str) -> Path:
    file = folder / f"{name}.py"
    file.write_text(textwrap.dedent(source), encoding="utf-8")
    return file


def refused(target: object, app_dir: Path | str = ".", **options: object) -> str:
    arguments = options.pop("arguments", {})
    with pytest.raises(TargetError) as caught:
        build(target, arguments, app_dir=str(app_dir), **options)  # type: ignore[arg-type]
    message = str(caught.value)
    assert "\n" not in message
    return message


def built(target: object, app_dir: Path | str = ".", **arguments: object) -> Subject:
    return build(target, arguments, app_dir=str(app_dir))


def test_target_without_colon_is_refused() -> None:
    assert refused("some_module") == (
        "'some_module' names no attribute; write it as 'package.module:attribute' or 'path/to/file.py:attribute'"
    )


def test_target_with_a_dot_for_the_colon_and_a_name_in_another_case_have_near_ones() -> None:
    assert refused("nets.small.Net") == "'nets.small.Net' names no attribute; did you mean 'nets.small:Net'?"
    assert refused("torch.nn:linear").endswith("torch.nn has no attribute 'linear'; did you mean 'Linear'?")


@pytest.mark.parametrize("target", ["", ":", "module:", ":attr", "a:b c", "a:1x", "a:b..c", "a b:c", "a..b:c", "-x:y"])
def test_text_that_is_no_target_is_refused(target: str) -> None:
    assert "write it as 'package.module:attribute'" in refused(target)


def test_missing_module_is_named() -> None:
    assert refused("no_such_module_anywhere.sub:build") == (
        "there is no module 'no_such_module_anywhere'; it is looked for in the current directory (or --app-dir) and "
        "among the installed packages"
    )


def test_missing_submodule_is_named() -> None:
    assert "there is no module 'torch.no_such_part'" in refused("torch.no_such_part:build")


def test_import_that_fails_without_naming_a_module_is_told_in_its_own_words(tmp_path: Path) -> None:
    file = module_file(tmp_path, "lacks_a_part", "raise ModuleNotFoundError('no compiled operations')\n")
    assert refused("lacks_a_part:build", tmp_path) == (
        f"importing lacks_a_part failed ({file}:1): ModuleNotFoundError: no compiled operations"
    )


def test_module_that_lacks_one_of_its_imports_is_told_with_its_line(tmp_path: Path) -> None:
    file = module_file(tmp_path, "lacks_import", "import os\nimport no_such_dependency\n")
    assert refused("lacks_import:build", tmp_path) == (
        f"lacks_import imports 'no_such_dependency', which is not installed here ({file}:2); "
        "install it beside initaudit"
    )


def test_syntax_error_is_told_with_its_line(tmp_path: Path) -> None:
    file = module_file(tmp_path, "bad_syntax", "x = 1\ndef build(:\n    pass\n")
    message = refused("bad_syntax:build", tmp_path)
    assert message.startswith(f"importing bad_syntax failed ({file}:2): SyntaxError: invalid syntax")


@pytest.mark.parametrize("ending", ["raise SystemExit(3)", "import sys; sys.exit()", "raise RuntimeError('boom')"])
def test_module_that_fails_while_imported_is_told_with_its_line(tmp_path: Path, ending: str) -> None:
    file = module_file(tmp_path, "fails_at_import", f"\n{ending}\n")
    target = f"{file}:build"
    assert f"importing {file} failed ({file}:2): " in refused(target, tmp_path)


def test_missing_attribute_brings_the_nearest_one(tmp_path: Path) -> None:
    module_file(tmp_path, "near_attribute", "def generator(): ...\n")
    assert refused("near_attribute:genertor", tmp_path) == (
        "near_attribute has no attribute 'genertor'; did you mean 'generator'?"
    )


def test_attribute_whose_look_up_raises_is_told(tmp_path: Path) -> None:
    module_file(tmp_path, "raising_look_up", "def __getattr__(name):\n    raise RuntimeError('lazy\\nimport broke')\n")
    message = refused("raising_look_up:build", tmp_path)
    assert "raising_look_up has no usable attribute 'build'" in message
    assert "RuntimeError: lazy import broke" in message


@pytest.mark.parametrize(("value", "told"), [("3", "an int"), ("'text'", "a str"), ("None", "a NoneType")])
def test_attribute_that_cannot_be_called_is_refused(tmp_path: Path, value: str, told: str) -> None:
    file = module_file(tmp_path, "not_callable", f"thing = {value}\n")
    assert refused(f"{file}:thing") == f"{file}:thing is {told}; name a class, a function or an nn.Module"


def test_wrong_arguments_are_found_before_the_call(tmp_path: Path) -> None:
    file = module_file(
        tmp_path,
        "wants_arguments",
        """
        called = []
        def build(width, *, depth=2):
            called.append(width)
        """,
    )
    message = refused(f"{file}:build", arguments={"widht": 3})
    assert message == (
        f"{file}:build cannot be called so: it has no argument 'widht', and takes (width, depth=2); "
        "did you mean 'width'?"
    )
    assert sys.modules["wants_arguments"].called == []


def test_hostile_default_does_not_break_the_message(tmp_path: Path) -> None:
    file = module_file(
        tmp_path,
        "hostile_default",
        """
        class Loud:
            def __repr__(self):
                raise RuntimeError("no repr")
        def build(width, loud=Loud(), many="x\\n" * 5000): ...
        """,
    )
    message = refused(f"{file}:build")
    assert "missing a required argument: 'width'" in message
    assert len(message) < 600


def test_coroutine_function_is_refused_and_python_does_not_complain_that_nobody_awaits_it(tmp_path: Path) -> None:
    file = module_file(tmp_path, "no_coroutine", "async def build(): ...\n")
    assert refused(f"{file}:build") == f"{file}:build returned a coroutine; it must return an nn.Module"
    gc.collect()


@pytest.mark.parametrize(("value", "told"), [("None", "a NoneType"), ("3", "an int"), ("object()", "an object")])
def test_factory_that_returns_no_module_is_refused(tmp_path: Path, value: str, told: str) -> None:
    file = module_file(tmp_path, "no_module", f"def build():\n    return {value}\n")
    assert refused(f"{file}:build") == f"{file}:build returned {told}; it must return an nn.Module"


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("raise ValueError('too narrow')", "ValueError: too narrow"),
        ("raise SystemExit(2)", "SystemExit: 2"),
        ("raise SystemExit", "SystemExit"),
        ("raise KeyError('k')", "KeyError: 'k'"),
        ("raise BaseException('odd')", "BaseException: odd"),
        ("raise ValueError('two\\nlines\\r\\nor three')", "ValueError: two lines or three"),
    ],
)
def test_exception_of_the_factory_is_told_with_its_line(tmp_path: Path, statement: str, told: str) -> None:
    file = module_file(tmp_path, "raising_factory", f"def build():\n    {statement}\n")
    assert refused(f"{file}:build") == f"{file}:build raised ({file}:2): {told}"


def test_exception_inside_torch_is_told_at_the_users_line(tmp_path: Path) -> None:
    file = module_file(
        tmp_path, "raising_in_torch", "import torch\ndef build():\n    return torch.nn.Conv2d(3, 4, 1, groups=2)\n"
    )
    assert refused(f"{file}:build").startswith(f"{file}:build raised ({file}:3): ValueError: ")


def test_package_whose_path_begins_like_torchs_is_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "torch_models"
    folder.mkdir()
    file = module_file(folder, "beside_torch", "def build():\n    raise ValueError('here')\n")
    monkeypatch.setattr(torch, "__file__", str(tmp_path / "torch" / "__init__.py"))
    assert f"({file}:2)" in refused(f"{file}:build")


def test_huge_message_of_an_exception_is_cut(tmp_path: Path) -> None:
    file = module_file(tmp_path, "huge_message", "def build():\n    raise ValueError('x' * 1_000_000)\n")
    assert len(refused(f"{file}:build")) < 2000


def test_exception_that_cannot_be_shown_is_told_by_its_class(tmp_path: Path) -> None:
    file = module_file(
        tmp_path,
        "unshowable",
        """
        class Mute(Exception):
            def __str__(self):
                raise RuntimeError("no text")
        def build():
            raise Mute
        """,
    )
    assert refused(f"{file}:build") == f"{file}:build raised ({file}:6): Mute"


def test_endless_recursion_is_told(tmp_path: Path) -> None:
    file = module_file(tmp_path, "endless", "def build():\n    return build()\n")
    assert f"{file}:build raised ({file}:2): RecursionError: maximum recursion depth" in refused(f"{file}:build")


def test_interrupt_by_the_user_passes_through(tmp_path: Path) -> None:
    file = module_file(tmp_path, "interrupted", "def build():\n    raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        built(f"{file}:build")


def test_model_whose_modules_cannot_be_listed_is_told() -> None:
    class Hidden(nn.Linear):
        def named_modules(self, *_: object, **__: object) -> object:
            raise RuntimeError("not for you")

    assert "RuntimeError: not for you; leave named_modules and its like alone" in refused(lambda: Hidden(2, 2))


def test_model_without_parameters_brings_the_hint_about_plain_lists() -> None:
    class InAList(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = [nn.Linear(2, 2)]

    message = refused(InAList)
    assert "has neither parameters nor buffers, so there is nothing to check" in message
    assert "use nn.ModuleList or nn.ModuleDict" in message


def test_module_whose_constructor_was_never_run_is_refused() -> None:
    class Unborn(nn.Module):
        def __init__(self) -> None:
            pass

    assert "was not set up" in refused(Unborn)
    assert "super().__init__()" in refused(Unborn)


def test_module_that_lists_its_parameters_by_itself_and_fails_is_refused() -> None:
    class Hidden(nn.Linear):
        def named_parameters(self, *_: object, **__: object) -> Iterator[tuple[str, nn.Parameter]]:
            raise RuntimeError("no names for you")

    assert "RuntimeError: no names for you; leave named_modules and its like alone" in refused(lambda: Hidden(2, 2))


def test_missing_file_brings_the_nearest_one(tmp_path: Path) -> None:
    module_file(tmp_path, "model", "")
    assert refused(f"{tmp_path}/modle.py:build") == (
        f"there is no file '{tmp_path}/modle.py'; did you mean '{tmp_path}/model.py'?"
    )
    assert refused(f"{tmp_path}/none/at_all.py:build") == f"there is no file '{tmp_path}/none/at_all.py'"


def test_model_takes_no_arguments() -> None:
    assert refused(nn.Linear(2, 2), arguments={"width": 3}) == (
        "Linear is a model already, so it takes no arguments; leave --arg out"
    )


def test_model_takes_no_dtype() -> None:
    assert refused(nn.Linear(2, 2), dtype="bfloat16") == (
        "Linear is a model already, so --dtype cannot build it; name its factory instead"
    )


@pytest.mark.parametrize("dtype", ["int8", "nn", "__name__", "complex64"])
def test_dtype_that_no_model_is_built_in_is_refused(dtype: str) -> None:
    assert refused(nn.Linear, arguments={"in_features": 2, "out_features": 2}, dtype=dtype) == (
        f"a model cannot be built in dtype {dtype!r}; choose one of float32, float64, float16, bfloat16"
    )


def test_instance_in_a_module_is_used_as_it_is(tmp_path: Path) -> None:
    file = module_file(tmp_path, "has_instance", "import torch\nmodel = torch.nn.Linear(2, 3)\n")
    subject = built(f"{file}:model")
    assert subject.module is sys.modules["has_instance"].model
    assert built(nn.Linear(2, 2)).fresh_is_nan is False


def test_nested_attribute_is_called(tmp_path: Path) -> None:
    module_file(
        tmp_path,
        "nested_attribute",
        """
        from torch import nn
        class Net(nn.Module):
            class Sizes:
                @staticmethod
                def small(width=2):
                    return nn.Linear(width, 1)
            @classmethod
            def from_width(cls, width):
                return nn.Linear(width, 2)
        """,
    )
    assert built("nested_attribute:Net.Sizes.small", tmp_path, width=5).module.weight.shape == (1, 5)
    assert built("nested_attribute:Net.from_width", tmp_path, width=7).module.weight.shape == (2, 7)


def test_file_may_import_its_neighbours_even_when_called(tmp_path: Path) -> None:
    module_file(tmp_path, "neighbour_early", "WIDTH = 3\n")
    module_file(tmp_path, "neighbour_late", "DEPTH = 4\n")
    file = module_file(
        tmp_path,
        "with_neighbours",
        """
        import torch
        from neighbour_early import WIDTH
        def build():
            from neighbour_late import DEPTH
            return torch.nn.Linear(WIDTH, DEPTH)
        """,
    )
    assert built(f"{file}:build").module.weight.shape == (4, 3)


def test_app_dir_comes_first_on_the_path(tmp_path: Path) -> None:
    module_file(tmp_path, "only_in_app_dir", "from torch.nn import Linear\n")
    assert built("only_in_app_dir:Linear", tmp_path, in_features=2, out_features=3).location is not None
    assert "there is no module 'only_in_no_app_dir'" in refused("only_in_no_app_dir:x")


def test_two_files_of_one_name_are_two_modules(tmp_path: Path) -> None:
    for width in (2, 3):
        (tmp_path / str(width)).mkdir()
        module_file(
            tmp_path / str(width), "same_name", f"import torch\ndef build():\n    return torch.nn.Linear({width}, 1)\n"
        )
    widths = [built(f"{tmp_path}/{width}/same_name.py:build").module.in_features for width in (2, 3, 2)]
    assert widths == [2, 3, 2]


def test_fresh_memory_is_nan_while_the_factory_runs() -> None:
    class Unwritten(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.empty(5))

    subject = built(Unwritten)
    assert subject.fresh_is_nan
    assert subject.module.weight.isnan().all()


@pytest.mark.parametrize(
    ("dtype", "meant"),
    [("bf16", "bfloat16"), ("fp16", "float16"), ("half", "float16"), ("fp32", "float32"), ("float31", "float32")],
)
def test_dtype_by_another_name_is_told_with_the_one_it_has(dtype: str, meant: str) -> None:
    assert refused(nn.Linear, dtype=dtype) == f"a model cannot be built in dtype {dtype!r}; did you mean {meant!r}?"


def test_dtype_is_that_of_the_built_model() -> None:
    subject = build(nn.Linear, {"in_features": 2, "out_features": 2}, dtype="bfloat16")
    assert subject.module.weight.dtype is torch.bfloat16
    assert torch.get_default_dtype() is torch.float32


def process_state() -> dict[str, object]:
    python, numpy = random.getstate(), np.random.get_state()
    return {
        "torch generator": torch.get_rng_state().tolist(),
        "python generator": python,
        "numpy generator": (numpy[1].tolist(), numpy[2:]),
        "default dtype": torch.get_default_dtype(),
        "grad mode": torch.is_grad_enabled(),
        "deterministic": torch.get_deterministic_debug_mode(),
        "fill": torch.utils.deterministic.fill_uninitialized_memory,
        "device": torch.get_default_device(),
        "function modes": torch.overrides._len_torch_function_stack(),
        "path": list(sys.path),
        "folder": os.getcwd(),
        "stdout": (sys.stdout, os.fstat(1).st_ino, os.fstat(1).st_dev),
        "descriptors": sorted(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else [],
    }


def meddling_factory() -> nn.Module:
    torch.set_default_dtype(torch.float64)
    torch.set_grad_enabled(False)
    torch.manual_seed(99)
    random.seed(99)
    np.random.seed(99)
    torch.set_default_device("meta")
    torch.use_deterministic_algorithms(False)
    torch.utils.deterministic.fill_uninitialized_memory = False
    sys.path.insert(0, "/nowhere")
    sys.path.append("/nowhere/else")
    os.chdir("/")
    return nn.Linear(2, 2, device="cpu")


def failing_factory() -> nn.Module:
    meddling_factory()
    raise ValueError("after meddling")


def test_factory_leaves_nothing_behind() -> None:
    before = process_state()
    built(meddling_factory)
    assert process_state() == before


def test_failing_factory_leaves_nothing_behind() -> None:
    before = process_state()
    assert "after meddling" in refused(failing_factory)
    assert process_state() == before


def test_refused_target_leaves_nothing_behind(tmp_path: Path) -> None:
    file = module_file(tmp_path, "leaves_nothing", "import torch\ntorch.manual_seed(5)\nraise ValueError\n")
    before = process_state()
    for target in ("no colon", "no_such_module_anywhere:x", f"{file}:x", 3):
        refused(target)
    assert process_state() == before


def test_seed_decides_what_the_factory_draws() -> None:
    def drawn(seed: int) -> torch.Tensor:
        return build(nn.Linear, {"in_features": 3, "out_features": 3}, seed=seed).module.weight

    assert torch.equal(drawn(1), drawn(1))
    assert not torch.equal(drawn(1), drawn(2))


def test_import_draws_what_follows_from_the_seed_and_is_no_draw_of_the_factory(tmp_path: Path) -> None:
    text = (
        "import random\nimport numpy\nimport torch\n"
        "AT_IMPORT = torch.randn(9), random.random(), numpy.random.rand()\n"
        "def make():\n"
        "    made = torch.nn.Linear(3, 3)\n"
        "    made.drawn = torch.nn.init.normal_(made.weight), random.random(), numpy.random.rand()\n"
        "    return made\n"
    )

    def drawn(name: str, seed: int) -> tuple[list[float], list[float]]:
        made = build(f"{module_file(tmp_path, name, text)}:make", {}, seed=seed).module
        return _flat(sys.modules[name].AT_IMPORT), _flat(made.drawn)

    first, again, other = drawn("first", 1), drawn("again", 1), drawn("other", 2)
    assert first == again
    assert not set(first[0]) & set(other[0])
    assert not set(first[0]) & set(first[1])


def _flat(drawn: tuple[torch.Tensor, float, float]) -> list[float]:
    return [*drawn[0].flatten().tolist(), *drawn[1:]]


def test_prints_of_the_factory_go_to_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    def printing() -> nn.Module:
        print("by print")
        os.write(1, b"by descriptor\n")
        sys.__stdout__.write("by the first stdout\n")  # type: ignore[union-attr]
        os.system("echo by a child")
        return nn.Linear(2, 2)

    built(printing)
    sys.__stdout__.flush()  # type: ignore[union-attr]
    captured = capfd.readouterr()
    assert captured.out == ""
    for way in ("by print", "by descriptor", "by the first stdout", "by a child"):
        assert way in captured.err


def test_what_c_code_buffers_goes_to_standard_error_too(tmp_path: Path) -> None:
    script = module_file(
        tmp_path,
        "c_prints",
        """
        import ctypes
        from torch import nn
        from initaudit.model.target import build
        def factory():
            ctypes.CDLL(None).printf(b"by libc\\n")
            return nn.Linear(2, 2)
        if __name__ == "__main__":
            build(factory, {})
            print("result")
        """,
    )
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    buffered["PYTHONPATH"] = str(Path(initaudit.__file__).parents[1])
    found = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True, env=buffered)
    assert found.stdout == "result\n"
    assert "by libc" in found.stderr
