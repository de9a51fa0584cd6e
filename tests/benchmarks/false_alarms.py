"""How many correct models a whole audit flags, against the rate that its policy states; run by hand.

    python tests/benchmarks/false_alarms.py [--models 10000] [--rate 0.01]

Each model has a dozen parameters of as many laws, in sizes from 1 to 20,000 elements and in float32, float16 or
bfloat16, is initialised as its policy declares and audited with no slack at all, so that sampling error is the only
thing that can flag it. Every test counts: moments, the whole law, outliers, parts, repeats, identity, correlation.
Built for real, the values alone decide; recorded, the calls do where they are understood. A correct audit exceeds
`at most` by a chance of one in a million.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch
from scipy import stats
from torch import nn

from initaudit.auditor import run
from initaudit.policy.reader import load_policy
from initaudit.report import Report
from initaudit.request import Request
from initaudit.values import Mode, Severity

POLICY = """
version: 1
tolerance: {{false_alarm: {rate}, std: 0, mean: 0}}
rules:
  - id: embedding
    match: {{module: Embedding}}
    init: {{normal: {{std: 0.02}}}}
    slices: [{{index: padding_idx, init: zeros}}]
  - {{id: convolutions, match: {{module: Conv2d, parameter: weight}}, init: {{kaiming_normal: {{mode: fan_out}}}}}}
  - {{id: recurrent, match: {{module: GRU, parameter: weight_hh_l0}}, init: orthogonal, blocks: {{dim: 0, count: 3}}}}
  - {{id: gates, match: {{module: GRU, parameter: weight_ih_l0}}, init: xavier_uniform, blocks: {{dim: 0, count: 3}}}}
  - {{id: hidden, match: {{name: hidden.weight}}, init: {{trunc_normal: {{std: 0.02, a: -0.04, b: 0.04}}}}}}
  - {{id: few, match: {{name: few.weight}}, init: {{uniform: {{a: -0.5, b: 0.5}}}}}}
  - {{id: head, match: {{name: head.weight}}, init: {{sparse: {{sparsity: 0.5, std: 0.1}}}}}}
  - {{id: offsets, match: {{name: [hidden.bias, few.bias]}}, init: {{normal: {{mean: 1, std: 0.1}}}}}}
  - {{id: zeros, match: {{parameter: [bias, bias_ih_l0, bias_hh_l0]}}, init: zeros}}
"""
DTYPES = (torch.float32, torch.float16, torch.bfloat16)


class Correct(nn.Module):
    """A model that does what the policy says."""

    def __init__(self, dtype: torch.dtype, width: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(200, 5 * width, padding_idx=0)
        self.convolution = nn.Conv2d(3, width, 3)
        self.downsample = nn.Conv2d(width, 2 * width, 1, bias=False)
        self.recurrence = nn.GRU(width, width)
        self.hidden = nn.Linear(10 * width, 10 * width)
        self.few = nn.Linear(2, 4)
        self.head = nn.Linear(20, width)
        self.initialise()
        self.to(dtype)

    @torch.no_grad()
    def initialise(self) -> None:
        for name, parameter in self.named_parameters():
            if "bias" in name:
                nn.init.zeros_(parameter)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.embedding.weight[0] = 0
        for convolution in (self.convolution, self.downsample):
            nn.init.kaiming_normal_(convolution.weight, mode="fan_out")
        for inner, outer in zip(
            self.recurrence.weight_ih_l0.chunk(3), self.recurrence.weight_hh_l0.chunk(3), strict=True
        ):
            nn.init.xavier_uniform_(inner)
            nn.init.orthogonal_(outer)
        nn.init.trunc_normal_(self.hidden.weight, std=0.02, a=-0.04, b=0.04)
        nn.init.uniform_(self.few.weight, -0.5, 0.5)
        nn.init.sparse_(self.head.weight, 0.5, 0.1)
        for layer in (self.hidden, self.few):
            nn.init.normal_(layer.bias, 1.0, 0.1)


def audits(models: int, rate: float, record: bool) -> Iterator[Report]:
    """Audit so many models, each with a seed of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "policy.yaml")
        path.write_text(POLICY.format(rate=rate))
        request = Request(target=None, policy=load_policy(path), mode=Mode.AS_BUILT, record=record)
    for seed in range(models):
        dtype, width = DTYPES[seed % 3], (2, 4, 14)[seed // 3 % 3]
        yield run(replace(request, target=lambda dtype=dtype, width=width: Correct(dtype, width), seed=seed))


def flags(report: Report) -> set[str]:
    return {one.code for one in report.findings if one.severity is not Severity.NOTE}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--models", type=int, default=10_000, help="models each way (%(default)s)")
    parser.add_argument("--rate", type=float, default=0.01, help="stated false alarms (%(default)s)")
    options = parser.parse_args()
    most, exceeded = int(stats.binom.isf(1e-6, options.models, options.rate)), False
    for record in (False, True):
        start, found = time.monotonic(), [flags(one) for one in audits(options.models, options.rate, record)]
        flagged = sum(map(bool, found))
        exceeded |= flagged > most
        codes = ", ".join(f"{code} {count}" for code, count in sorted(Counter(c for one in found for c in one).items()))
        print(
            f"{'recorded' if record else 'built for real':15} {flagged:5} of {options.models} flagged "
            f"({flagged / options.models:.4f}, stated {options.rate}, at most {most / options.models:.4f}) "
            f"{codes or 'nothing'}; {time.monotonic() - start:.0f} s",
            flush=True,
        )
    return int(exceeded)


if __name__ == "__main__":
    sys.exit(main())
