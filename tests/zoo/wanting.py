"""What a model wants beside the inputs that it got, read off its signature and off what it raises without."""

import inspect
import linecache
import re
import traceback
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import nn

from initaudit.evidence.signal.inferring import guesses
from initaudit.evidence.signal.inputs import made

_TORCH = str(Path(torch.__file__).parent)


def wanted(model: nn.Module) -> list[str]:
    """Name arguments that a model wants beside the likeliest input; none where something else is amiss with it."""
    given = made(next(guesses(model)).inputs, model, 0, torch.device("cpu")).kwargs
    if not given:
        return []
    others = {name: one for name, one in inspect.signature(model.forward).parameters.items() if name not in given}
    plain = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    missing = [name for name, one in others.items() if one.kind in plain and one.default is inspect.Parameter.empty]
    try:
        with torch.no_grad():
            model(**given)
    except Exception as error:
        return missing or sorted({*re.findall(r"\w+", str(error).lower()), *_lacking(error)} & set(others))
    return []


def _lacking(error: Exception) -> Iterator[str]:
    """Name what was None in the line at which the model's own code stumbled over it."""
    if "None" not in str(error):
        return
    own = [one for one in traceback.walk_tb(error.__traceback__) if not one[0].f_code.co_filename.startswith(_TORCH)]
    frame, line = own[-1]
    for word in re.findall(r"\w+", linecache.getline(frame.f_code.co_filename, line)):
        if word in frame.f_locals and frame.f_locals[word] is None:
            yield word
