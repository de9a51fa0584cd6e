"""The moments pass against `x.sum()` on the same tensor, and against the figures as one would write them.

By hand: `python tests/benchmarks/moments.py`. One thread, float32, bandwidth as a ratio from one run.
"""

import time

import torch

from initaudit.evidence.moments import moments


def best(function, repeats):
    """Give the shortest time of some calls, in seconds."""
    function()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def main():
    torch.set_num_threads(1)
    x = torch.randn(1 << 26)
    total = best(x.sum, 7)
    ours = best(lambda: moments([x], count_zeros=False), 7)
    zeros = best(lambda: moments([x]), 7)
    written = best(lambda: (x.mean(), x.std(), x.min(), x.max(), torch.isfinite(x).all()), 2)
    print(f"moments against x.sum():                        {total / ours:.2f} of its bandwidth")
    print(f"the same with zeros counted:                    {total / zeros:.2f}")
    print(f"moments against mean+std+min+max+isfinite:      {written / ours:.0f}x as fast")
    print(f"the same with zeros counted:                    {written / zeros:.0f}x as fast")


main()
