"""Probe tiny models of transformers, or the smallest of timm, and say what was found.

By hand: `python tests/zoo/signals.py [transformers|timm] [--match GLOB…] [--every N] [--seconds 60]`. It prints a line
for each model that has a finding, or that could not be probed, and counts them. Counted apart are models that their
library itself cannot shrink or build, and those that want more than one of the usual inputs.
"""

import argparse
import contextlib
import fnmatch
import gc
import io
import logging
import signal as alarms
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from functools import partial

import tiny
import torch
from torch import nn
from wanting import wanted

from initaudit.errors import InitauditError
from initaudit.evidence.recording.building import build_recorded
from initaudit.request import Request
from initaudit.signal.request import SignalRequest
from initaudit.signalling import signal
from initaudit.values import Mode, Severity

Factory = Callable[[], nn.Module]
SMALL = {"transformers": 7e7, "timm": 6e6}
"""The most parameters of a model that counts as small."""


class Outcome(StrEnum):
    """What came of a model; of several ways to build one, what says most."""

    CLEAN = "clean"
    FOUND = "found"
    LATE = "took too long"
    WANTING = "wants more"
    FAILED = "not probed"
    OTHER = "takes something else"
    LARGE = "too large"
    UNBUILT = "cannot be built so small"


class TimeUpError(KeyboardInterrupt):
    """A model took longer than it may."""


def models(family: str) -> Iterator[tuple[str, list[Factory]]]:
    """Give the models of a family, each with the ways to build it, to be tried in turn."""
    if family == "transformers":
        for name in tiny.names():
            yield name, [partial(tiny.build, name, factor) for factor in tiny.FACTORS]
        return
    from stock import timm

    for name, factory in timm():
        if any(word in name for word in ("tiny", "nano", "pico", "atto", "femto", "small", "18", "_s", "_xs", "lite")):
            yield name, [factory]


def probe(model: nn.Module) -> list[str]:
    """Probe a model, and give what was found in lines; raise InitauditError where it cannot be probed."""
    report = signal(SignalRequest(model=Request(target=model, mode=Mode.AS_BUILT)))
    return [
        f"{one.code} {one.parameter}: {one.message}" for one in report.findings if one.severity is not Severity.NOTE
    ]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("family", nargs="?", default="transformers", choices=SMALL)
    parser.add_argument("--match", nargs="*", default=["*"])
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    torch.set_num_threads(1)  # threads wait for each other longer than models so small take
    logging.disable()
    warnings.simplefilter("ignore")
    alarms.signal(alarms.SIGALRM, _time_up)
    tally: Counter[Outcome] = Counter()
    chosen = [one for one in models(options.family) if any(fnmatch.fnmatch(one[0], match) for match in options.match)]
    for name, ways in chosen[:: options.every]:
        outcome, lines = _best(ways, SMALL[options.family], options.seconds)
        tally[outcome] += 1
        for line in lines[:3]:
            print(f"{name}: {outcome}: {line[:300]}", flush=True)
        if len(lines) > 3:
            print(f"{name}: and {len(lines) - 3} more", flush=True)
    print(", ".join(f"{count} {outcome}" for outcome, count in tally.most_common()))


def _best(ways: Sequence[Factory], small: float, seconds: int) -> tuple[Outcome, list[str]]:
    """Probe a model built in the first way that goes; where none does, give what says most."""
    tried = []
    for way in ways:
        alarms.alarm(seconds)
        try:
            tried.append(_one(way, small))
        except TimeUpError:
            tried.append((Outcome.LATE, [f"over {seconds} s"]))
        finally:
            alarms.alarm(0)
            gc.collect()  # a recording holds on to itself
        if tried[-1][0] not in (Outcome.FAILED, Outcome.UNBUILT):
            break
    order = list(Outcome)
    return min(tried, key=lambda one: order.index(one[0]))


def _one(way: Factory, small: float) -> tuple[Outcome, list[str]]:
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            outline = build_recorded(Request(target=way)).subject.module
            if not _usual(outline):
                return Outcome.OTHER, []
            if sum(one.numel() for one in outline.parameters()) > small:
                return Outcome.LARGE, []
            model = way()
    except Exception as error:
        return Outcome.UNBUILT, [str(error)]
    try:
        found = probe(model)
    except InitauditError as error:
        names = wanted(model)
        return (Outcome.WANTING, [", ".join(names)]) if names else (Outcome.FAILED, [str(error)])
    return (Outcome.FOUND if found else Outcome.CLEAN), found


def _usual(model: nn.Module) -> bool:
    return not hasattr(model, "main_input_name") or tiny.takes(model) is not None


def _time_up(*_: object) -> None:
    raise TimeUpError


if __name__ == "__main__":
    main()
