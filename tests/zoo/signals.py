"""Probe tiny models of transformers, or the smallest of timm and torchvision, and say what was found.

By hand: `python tests/zoo/signals.py [transformers|timm] [--match GLOB] [--every N] [--seconds 60]`. It prints one line
for each model with a finding, or that could not be probed, and counts them. Models that their library itself cannot
shrink or build are counted apart.
"""

import argparse
import contextlib
import fnmatch
import io
import logging
import signal as alarms
import warnings
from collections import Counter
from collections.abc import Callable, Iterator

import tiny
import torch
from torch import nn

from initaudit.errors import InitauditError
from initaudit.request import Request
from initaudit.signal.request import SignalRequest
from initaudit.signalling import signal
from initaudit.values import Mode, Severity

SMALLEST = 6e6
"""The most parameters of a model of timm that counts as small."""


class TimeUpError(KeyboardInterrupt):
    """A model took longer than it may."""


def models(family: str) -> Iterator[tuple[str, Callable[[], nn.Module | None]]]:
    """Give the models of a family, each to be built when its turn comes; None for one that takes something else."""
    if family == "transformers":
        for name in tiny.names():
            yield name, lambda name=name: _if_usual(tiny.build(name))
        return
    from stock import timm

    for name, factory in timm():
        if any(word in name for word in ("tiny", "nano", "pico", "atto", "femto", "small", "18", "_s", "_xs", "lite")):
            yield name, factory


def _if_usual(model: nn.Module) -> nn.Module | None:
    return model if tiny.takes(model) else None


def probe(model: nn.Module) -> list[str]:
    """Probe a model, and give what was found in lines; raise InitauditError where it cannot be probed."""
    report = signal(SignalRequest(model=Request(target=model, mode=Mode.AS_BUILT)))
    return [
        f"{one.code} {one.parameter}: {one.message}" for one in report.findings if one.severity is not Severity.NOTE
    ]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("family", nargs="?", default="transformers")
    parser.add_argument("--match", default="*")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    torch.set_num_threads(1)  # threads wait for each other longer than models so small take
    logging.disable()
    warnings.simplefilter("ignore")
    alarms.signal(alarms.SIGALRM, _time_up)
    tally: Counter[str] = Counter()
    chosen = [one for one in models(options.family) if fnmatch.fnmatch(one[0], options.match)]
    for name, factory in chosen[:: options.every]:
        tally[_one(name, factory, options.seconds)] += 1
    print(", ".join(f"{count} {word}" for word, count in tally.most_common()))


def _one(name: str, factory: Callable[[], nn.Module | None], seconds: int) -> str:
    alarms.alarm(seconds)
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            model = factory()
        if model is None:
            return "take something else"
        if sum(one.numel() for one in model.parameters()) > SMALLEST:
            return "too large"
    except TimeUpError:
        return "took too long"
    except Exception:
        return "cannot be built so small"
    finally:
        alarms.alarm(0)
    alarms.alarm(seconds)
    try:
        found = probe(model)
    except TimeUpError:
        print(f"{name}: took longer than {seconds} s")
        return "took too long"
    except InitauditError as error:
        print(f"{name}: {str(error)[:300]}")
        return "not probed"
    finally:
        alarms.alarm(0)
    for line in found[:3]:
        print(
            f"{name}: {line[:200]}" + (f" (and {len(found) - 3} more)" if len(found) > 3 and line is found[2] else "")
        )
    return "with findings" if found else "clean"


def _time_up(*_: object) -> None:
    raise TimeUpError


if __name__ == "__main__":
    main()
