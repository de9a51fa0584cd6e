"""From "pkg.mod:attr" or "file.py:attr" to a model, with an error for each way that this goes wrong."""

import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import torch
from torch import nn

from initaudit.errors import TargetError, did_you_mean
from initaudit.history import Location
from initaudit.model.arguments import misfit
from initaudit.model.default_device import on_given_device
from initaudit.model.out_of_memory import ran_out
from initaudit.model.process import outlived, prints_to_stderr, restored, seeded, unwritten_is_nan
from initaudit.raised import raised, shown_path, what, where

_FORM = "write it as 'package.module:attribute' or 'path/to/file.py:attribute'"


class FactoryError(TargetError):
    """The user's own factory raised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A built model and what is known of its making."""

    module: nn.Module
    name: str
    """What the user called it."""
    location: Location | None
    """Where its factory is defined."""
    fresh_is_nan: bool
    """Whether memory that nobody wrote was NaN when the model was built, so that it can be told."""


def build(
    target: object,
    arguments: Mapping[str, object],
    *,
    app_dir: str = ".",
    dtype: str | None = None,
    seed: int = 0,
    around: AbstractContextManager[object] | None = None,
) -> Subject:
    """Import a target and call it, inside `around` where that is given; a module instance is used as it is.

    Import and factory run seeded, each otherwise, with fresh memory filled with NaN and prints on standard error;
    afterwards the process is as it was. Raises TargetError, whose cause is the user's own exception where there is one.
    """
    with ExitStack() as stack:
        stack.enter_context(importable(target, app_dir))
        seed_for_import, seed_again = stack.enter_context(seeded(seed))
        for one in (unwritten_is_nan(), prints_to_stderr(), outlived(), around or nullcontext(), on_given_device()):
            stack.enter_context(one)
        if dtype is not None:
            torch.set_default_dtype(_float_dtype(dtype))
        seed_for_import()  # what an import draws, it draws once
        found = load(target) if isinstance(target, str) else target
        seed_again()
        name = target if isinstance(target, str) else _describe(target)
        module = _call(found, name, arguments, dtype)
    _require_tensors(module, name)
    made = not isinstance(target, nn.Module)
    return Subject(module=module, name=name, location=_defined_at(found), fresh_is_nan=made)


@contextmanager
def importable(target: object, app_dir: str) -> Iterator[None]:
    """Let what lies beside a target be imported, and put all of torch's defaults back afterwards."""
    with restored():
        sys.path[:0] = _folders(target, app_dir)
        yield


def load(target: str) -> object:
    """Import what `"pkg.mod:attr"` or `"file.py:attr"` names; raise TargetError, with the near names, for nothing."""
    path, colon, attribute = target.rpartition(":")
    if not colon or not path or not attribute:
        package, _, last = target.rpartition(".")
        dotted = package and last.isidentifier() and last != "py"
        raise TargetError(
            f"{target!r} names no attribute; " + (f"did you mean '{package}:{last}'?" if dotted else _FORM)
        )
    if not all(part.isidentifier() for part in attribute.split(".")):
        raise TargetError(f"{attribute!r} in {target!r} is no attribute's name; {_FORM}")
    module = _import_file(path) if path.endswith(".py") else _import_module(path)
    return _attribute(module, attribute, path)


def _import_file(path: str) -> ModuleType:
    file = Path(path)
    if not file.is_file():
        near = get_close_matches(file.name, os.listdir(file.parent) if file.parent.is_dir() else [], 1)
        hint = f"; did you mean {str(file.with_name(near[0]))!r}?" if near else ""
        raise TargetError(f"there is no file {path!r}{hint}")
    name = file.stem
    loaded = sys.modules.get(name)
    if loaded is not None and getattr(loaded, "__file__", None) == str(file.resolve()):
        return loaded
    if loaded is not None or name in sys.stdlib_module_names:
        name = f"_initaudit_{name}"
    spec = importlib.util.spec_from_file_location(name, file.resolve())
    if spec is None or spec.loader is None:
        raise TargetError(f"{path!r} cannot be imported as Python")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        sys.modules.pop(name, None)
        _raise_import(error, path)
    return module


def _import_module(path: str) -> ModuleType:
    if not all(part.isidentifier() for part in path.split(".")):
        raise TargetError(f"{path!r} is no module's name; {_FORM}")
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if path == missing or path.startswith(missing + "."):
            raise TargetError(
                f"there is no module {missing!r}; it is looked for in the current directory (or --app-dir) and among "
                "the installed packages"
            ) from error
        _raise_import(error, path)
    except BaseException as error:
        _raise_import(error, path)


def _raise_import(error: BaseException, path: str) -> NoReturn:
    if isinstance(error, KeyboardInterrupt) or ran_out(error):
        raise error
    if isinstance(error, ModuleNotFoundError) and error.name is not None:
        raise TargetError(
            f"{path} imports {error.name!r}, which is not installed here{where(error)}; install it beside initaudit"
        ) from error
    raise TargetError(f"importing {path} failed{where(error)}: {what(error)}") from error


def _attribute(module: ModuleType, attribute: str, path: str) -> object:
    found: object = module
    for part in attribute.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            hint = did_you_mean(part, [name for name in dir(found) if not name.startswith("_")])
            raise TargetError(f"{path} has no attribute {part!r}{hint}") from None
        except Exception as error:
            raise TargetError(f"{path} has no usable attribute {part!r}{where(error)}: {what(error)}") from error
    return found


def _call(found: object, name: str, arguments: Mapping[str, object], dtype: str | None) -> nn.Module:
    if isinstance(found, nn.Module):
        if arguments:
            raise TargetError(f"{name} is a model already, so it takes no arguments; leave --arg out")
        if dtype is not None:
            raise TargetError(f"{name} is a model already, so --dtype cannot build it; name its factory instead")
        return found
    if not callable(found):
        raise TargetError(f"{name} is {_article(found)}; name a class, a function or an nn.Module")
    wrong = misfit(found, 0, tuple(arguments), "give --arg NAME=VALUE")
    if wrong is not None:
        raise TargetError(f"{name} cannot be called so: {wrong}")
    try:
        module = found(**arguments)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if ran_out(error):
            raise
        raise FactoryError(f"{name} {raised(error)}") from error
    if inspect.iscoroutine(module):
        module.close()  # nobody will await it, and Python would say so
    if not isinstance(module, nn.Module):
        raise TargetError(f"{name} returned {_article(module)}; it must return an nn.Module")
    return module


def _require_tensors(module: nn.Module, name: str) -> None:
    try:
        found = [*nn.Module.named_parameters(module), *nn.Module.named_buffers(module)]
        list(module.named_parameters()), list(module.named_buffers())
    except (AttributeError, TypeError) as error:
        raise TargetError(
            f"{name} was not set up as a module ({what(error)}); its constructor, and those of its parts, must call "
            "super().__init__() first"
        ) from error
    except Exception as error:
        told = f"listing the modules of {name} {raised(error)}"
        raise TargetError(f"{told}; leave named_modules and its like alone, or give what torch's own gives") from error
    if not found:
        raise TargetError(
            f"{name} has neither parameters nor buffers, so there is nothing to check; modules kept in a plain list "
            "or dict are not registered (use nn.ModuleList or nn.ModuleDict)"
        )


def _describe(target: object) -> str:
    if isinstance(target, nn.Module):
        return type(target).__name__
    module = getattr(target, "__module__", None)
    name = getattr(target, "__qualname__", None)
    return f"{module}:{name}" if module and name else type(target).__name__


def _defined_at(found: object) -> Location | None:
    thing = type(found) if isinstance(found, nn.Module) else found
    return definition(thing)


def definition(thing: Any) -> Location | None:
    """Tell where a function, or the constructor of a class, is defined; None for what has no Python source.

    A class without a constructor has that of the class it inherits from; torch's own are nobody's to mend.
    """
    candidates = [thing]
    if isinstance(thing, type):
        own = [one for one in thing.__mro__ if not one.__module__.startswith("torch.")][:-1] or thing.__mro__
        candidates = [vars(one).get(name) for one in own for name in ("__init__", "forward")]
    for candidate in candidates:
        code = getattr(inspect.unwrap(candidate), "__code__", None) if callable(candidate) else None
        if code is not None and not code.co_filename.startswith("<"):
            return Location(path=shown_path(code.co_filename), line=code.co_firstlineno)
    return None


def _article(value: object) -> str:
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


_SPELT_OUT = {"bf16": "bfloat16", "fp16": "float16", "half": "float16", "fp32": "float32", "fp64": "float64"}
"""What people call dtypes that torch calls otherwise."""


def _float_dtype(name: str) -> torch.dtype:
    dtype = getattr(torch, name, None)
    known = ("float32", "float64", "float16", "bfloat16")
    if name not in known or not isinstance(dtype, torch.dtype):
        near = did_you_mean(_SPELT_OUT.get(name, name), known) or f"; choose one of {', '.join(known)}"
        raise TargetError(f"a model cannot be built in dtype {name!r}{near}")
    return dtype


def _folders(target: object, app_dir: str) -> list[str]:
    """Say where imports are looked for first: beside a file that is named, then in the application's folder."""
    path, _, _ = target.rpartition(":") if isinstance(target, str) else ("", "", "")
    beside = [Path(path).parent] if path.endswith(".py") else []
    return [str(folder.resolve()) for folder in (*beside, Path(app_dir))]
