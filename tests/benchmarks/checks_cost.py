"""What all checks together cost beyond replay and moments alone, on a model of 1.5 billion parameters.

By hand: `python tests/benchmarks/checks_cost.py [--runs 3]`. Every element is drawn, as built; wall times of one
process in turn, imports and the recording of the build left out on both sides.
"""

import argparse
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median

import torch

from initaudit.auditor import audited
from initaudit.checks.registry import findings_of
from initaudit.evidence.moments import moments
from initaudit.evidence.streaming import streams
from initaudit.gathering import gather
from initaudit.model.process import seeded
from initaudit.policy.reader import load_policy
from initaudit.progress import silent
from initaudit.request import Request
from initaudit.values import Mode


def replay_and_moments(gathered):
    """Draw every parameter once and take its moments, several parameters side by side as the audit does."""
    source = gathered.source

    def one(entry, expectation):
        drawn = streams(source, entry, expectation)
        if drawn is not None:
            return [moments([piece], count_zeros=False) for many in drawn for one in many for piece in one.pieces()]
        return moments([source.value(entry, expectation)], count_zeros=False)

    workers = torch.get_num_threads()
    torch.set_num_threads(1)
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(one, source.entries, source.expectations))
    torch.set_num_threads(workers)


def all_checks(request, gathered):
    """Gather all evidence and run every check."""
    return findings_of(audited(request, gathered, silent))


def timed(function, *arguments):
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--runs", type=int, default=3)
    runs = options.parse_args().runs
    request = Request(
        target="models:InitialisedGPT2XL", policy=load_policy("gpt2_xl.yaml"), mode=Mode.AS_BUILT, budget=None
    )
    with seeded(request.seed):
        gathered = gather(request)
        pairs = [(timed(all_checks, request, gathered), timed(replay_and_moments, gathered)) for _ in range(runs)]
    ours, alone = (median(times) for times in zip(*pairs, strict=True))
    print(f"all checks against replay and moments alone: {ours / alone:.2f} times as long")


main()
