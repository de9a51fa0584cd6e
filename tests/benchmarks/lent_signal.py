"""The peak of resident memory of `signal` against the largest tensor, for decoders that outgrow the memory.

By hand: `python tests/benchmarks/lent_signal.py [--layers 9] [--width 16384] [--policy FILE] [--backward]`.
"""

import argparse
import time
from unittest import mock

from models import Decoder405B
from timing import peak

from initaudit.evidence.signal import fitting
from initaudit.policy.reader import load_policy
from initaudit.request import Request
from initaudit.signal.request import InputSpec, SignalRequest
from initaudit.signalling import signal


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--layers", type=int, default=9)
    options.add_argument("--width", type=int, default=16384)
    options.add_argument("--policy")
    options.add_argument("--backward", action="store_true")
    chosen = options.parse_args()
    width = chosen.width
    sizes = {"width": width, "hidden": width * 13 // 4, "key_value": max(width // 16, 128)}
    model = Request(
        target=Decoder405B,
        arguments={"layers": chosen.layers, **sizes},
        policy=load_policy(chosen.policy) if chosen.policy else None,
        dtype="bfloat16",
    )
    layer = 2 * width**2 + 2 * width * sizes["key_value"] + 3 * width * sizes["hidden"]
    elements = chosen.layers * layer + 2 * 128256 * width
    with mock.patch.object(fitting, "outgrows", return_value=True):
        before, start = peak(), time.perf_counter()
        report = signal(
            SignalRequest(model=model, inputs=(InputSpec.read("1,4:ints:128256"),), backward=chosen.backward)
        )
    largest = max(128256, sizes["hidden"]) * width * 2 / 2**20
    print(
        f"{elements / 1e9:.1f} billion parameters, {elements * 2 / 2**30:.0f} GiB: {len(report.layers)} layers in "
        f"{time.perf_counter() - start:.0f} s; peak {peak():.0f} MiB, {peak() - before:.0f} above what the imports "
        f"take, for a largest tensor of {largest:.0f} MiB"
    )


main()
