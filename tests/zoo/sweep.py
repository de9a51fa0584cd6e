"""Record every stock model of a library, in one process, and say what the recording knows of its parameters.

By hand: `python tests/zoo/sweep.py [transformers|timm] [--match GLOB …] [--start N] [--every N] [--seconds 60]`.
No values are drawn: the sweep is about the recording. With `--check` they are, some of each parameter, and every
finding of an audit without a policy is printed. It fails where a model crashes it, where an audit finds an error or
a warning, and where writers are known of fewer than 99.9 % of the parameters; and it prints

* models audited, built for real instead (with the reason), that their library itself cannot build, that took too long;
* the share of parameters whose writers are known;
* what nobody wrote, and random values that are copies of another tensor's;
* the operations after which the law of random values is no longer followed.
"""

import argparse
import contextlib
import fnmatch
import gc
import io
import logging
import resource
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from stock import FAMILIES, Factory
from torch import nn

from initaudit.auditor import run
from initaudit.errors import TargetError
from initaudit.evidence.recording.building import build_recorded
from initaudit.evidence.recording.recorded import Recording
from initaudit.laws import Unknown, is_random
from initaudit.model.walk import Entry, walk
from initaudit.request import Request
from initaudit.values import Kind

SOME = 1 << 22
"""How many elements of a model are drawn to check it."""

KNOWN = 0.999
"""The share of parameters whose writers are to be known."""


class TimeUpError(KeyboardInterrupt):
    """A model took longer than it may; like what a user presses, nothing that catches exceptions keeps it."""


class Once:
    """A factory that is never asked for real: a model that could not be recorded is noted, however large it is."""

    def __init__(self, factory: Factory) -> None:
        self.factory = factory
        self.recorded = False

    def __call__(self) -> nn.Module:
        if self.recorded and torch.get_default_device().type != "meta":
            return nn.Linear(1, 1)
        self.recorded = True
        return self.factory()


@dataclass
class Tally:
    """What the sweep found."""

    outcomes: Counter[str] = field(default_factory=Counter)
    notes: dict[str, list[str]] = field(default_factory=dict)
    parameters: int = 0
    known: int = 0
    elements: int = 0
    unfollowed: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    @property
    def sound(self) -> bool:
        """Whether something was looked at, and nothing found that there is not to be."""
        wrong = [kind for kind in self.outcomes if kind.endswith(("crashed", "error", "warning"))]
        return self.outcomes["audited"] > 0 and not wrong and self.known >= KNOWN * self.parameters

    def note(self, kind: str, text: str) -> None:
        self.outcomes[kind] += 1
        self.notes.setdefault(kind, []).append(text)
        print(f"  {kind}: {text}", flush=True)


Look = Callable[[Tally, str, Factory], None]


def check_one(tally: Tally, name: str, factory: Factory) -> None:
    """Audit one model without a policy, and note what is found."""
    try:
        report = run(Request(target=factory, budget=SOME))
    except TargetError as error:
        tally.note("failed by itself", f"{name}: {error}")
        return
    tally.outcomes["audited"] += 1
    for one in report.findings:
        tally.note(f"{one.code} {one.severity}", f"{name}: {one.parameter} at {one.location}: {one.message}")


def sweep_one(tally: Tally, name: str, factory: Factory) -> None:
    try:
        made = build_recorded(Request(target=Once(factory)))
    except TargetError as error:
        tally.note("failed by itself", f"{name}: {error}")
        return
    if made.recording is None:
        tally.note("built for real", f"{name}: {made.reason}")
        return
    tally.outcomes["audited"] += 1
    for entry in walk(made.subject.module):
        known = not entry.parameter.effective and entry.parameter.numel
        if known:
            look_at(tally, name, entry, made.recording)


def look_at(tally: Tally, model: str, entry: Entry, recording: Recording) -> None:
    """Count one parameter, and note what of it nobody wrote or what is not known."""
    history, origin = recording.history(entry.tensors[0]), recording.origin(entry.tensors[0])
    kind, where = entry.parameter.kind, f"{model}: {entry.parameter.name} {list(entry.parameter.shape)}"
    tally.parameters += kind is Kind.PARAMETER
    tally.elements += entry.parameter.numel if kind is Kind.PARAMETER else 0
    if history is None or not history.left:
        tally.note(f"unknown {kind}", where)
        return
    left = history.left
    gaps = [one.box for one in left if one.law is None]
    if gaps:
        tally.note(
            "IA306" if kind is Kind.BUFFER else "IA302" if len(left) > len(gaps) else "IA301", f"{where} {gaps[:3]}"
        )
    tally.known += kind is Kind.PARAMETER
    for one in left if kind is Kind.PARAMETER else ():
        if isinstance(one.law, Unknown) and origin is not None and origin.random:
            reason = one.law.reason
            tally.unfollowed[reason] += 1
            tally.examples.setdefault(reason, f"{where} at {one.write.location}")
        elif is_random(one.law) and one.write.initialiser == "clone":
            tally.note("copies of random values", f"{where} at {one.write.location}")


def limited(look: Look, tally: Tally, name: str, factory: Factory, seconds: int) -> None:
    """Look at one model for no longer than it may take, and count what goes wrong."""
    signal.alarm(seconds)
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            look(tally, name, factory)
    except TimeUpError:
        tally.note("took too long", name)
    except Exception:
        tally.note("crashed", f"{name}: {traceback.format_exc()}")
    finally:
        signal.alarm(0)


def time_up(number: int, frame: object) -> None:
    raise TimeUpError


def resident() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def show(tally: Tally, wall: float) -> None:
    print("\n" + "\n".join(f"{count:7,} {kind}" for kind, count in sorted(tally.outcomes.items())))
    print(f"{wall:.0f} s, {time.process_time():.0f} s of one core, peak {resident():.2f} GB")
    if not tally.parameters:
        return
    share = tally.known / tally.parameters
    print(f"writers known of {tally.known:,} of {tally.parameters:,} parameters ({share:.3%})")
    print(f"{tally.elements:,} elements")
    print("laws of random values that are not followed:")
    for reason, count in tally.unfollowed.most_common(40):
        print(f"{count:7,} {reason}   {tally.examples[reason]}")


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("family", choices=FAMILIES)
    options.add_argument("--match", nargs="+", default=["*"])
    options.add_argument("--start", type=int, default=0, help="leave so many models out")
    options.add_argument("--every", type=int, default=1, help="look at each Nth model only")
    options.add_argument("--seconds", type=int, default=60)
    options.add_argument("--check", action="store_const", const=check_one, default=sweep_one)
    chosen = options.parse_args()
    signal.signal(signal.SIGALRM, time_up)
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    names = [
        (name, factory)
        for name, factory in FAMILIES[chosen.family]()
        if any(fnmatch.fnmatch(name, glob) for glob in chosen.match)
    ]
    tally, start = Tally(), time.monotonic()
    try:
        for name, factory in names[chosen.start :: chosen.every]:
            before = time.monotonic()
            limited(chosen.check, tally, name, factory, chosen.seconds)
            gc.collect()
            print(f"{name} {time.monotonic() - before:.1f} s, peak {resident():.2f} GB", flush=True)
    finally:
        show(tally, time.monotonic() - start)
    sys.exit(not tally.sound)


main()
