"""What functions of random values are known to be, and how a policy's rule compares with it."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from initaudit.auditor import audit
from initaudit.chance.quantiles import LEVELS, quantiles
from initaudit.evidence.recording.building import build_recorded
from initaudit.laws import Law, LogUniform, Normal, Transformed, Uniform, Unknown
from initaudit.request import Request

Make = Callable[[int], torch.Tensor]


def left(make: Make, numel: int) -> Law | None:
    """Give the law that the recording tells of a parameter made so."""
    made = build_recorded(Request(target=lambda: nn.ParameterList([make(numel)])))
    assert made.recording is not None, made.reason
    history = made.recording.history(next(made.subject.module.parameters()))
    assert history is not None
    (standing,) = history.states[-1]
    return standing.law


def time_step(numel: int, low: float = 1e-3) -> torch.Tensor:
    dt = torch.exp(torch.rand(numel) * (math.log(1e-1) - math.log(low)) + math.log(low)).clamp(min=1e-4)
    return dt + torch.log(-torch.expm1(-dt))


SIZES = [200, 1 << 16]
FUNCTIONS: dict[str, tuple[Make, Callable[[float], float], Law]] = {
    "log": (lambda n: torch.empty(n).uniform_(1, 16).log(), math.log, Uniform(low=1, high=16)),
    "exp": (lambda n: torch.randn(n).exp(), math.exp, Normal()),
    "power": (lambda n: torch.rand(n).pow(2), lambda x: x**2, Uniform()),
    "fall": (lambda n: 1 / (torch.rand(n) + 1), lambda x: 1 / (1 + (1 - x)), Uniform()),
    "logit": (lambda n: torch.rand(n).logit_(), lambda x: math.log(x / (1 - x)), Uniform()),
}


@pytest.mark.parametrize("numel", SIZES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_quantiles_go_through_a_function_that_rises_or_falls(name: str, numel: int) -> None:
    make, function, law = FUNCTIONS[name]
    found = left(make, numel)
    assert isinstance(found, Transformed)
    assert found.quantiles == pytest.approx([function(place) for place in quantiles(law)], rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("numel", SIZES)
def test_inverse_softplus_of_a_log_uniform_draw_is_followed(numel: int) -> None:
    found = left(time_step, numel)
    assert isinstance(found, Transformed)
    seen = [math.log1p(math.exp(place)) for place in found.quantiles]
    assert seen == pytest.approx(quantiles(LogUniform(low=1e-3, high=1e-1)), rel=1e-5)


def by_its_own_tensors(numel: int) -> torch.Tensor:
    made = torch.randn(numel)
    return made.sub_(made.mean()).div_(made.std()).mul_(0.02)


NOT_FOLLOWED: dict[str, Make] = {
    "standardised by its own figures": by_its_own_tensors,
    "standardised by a number that Python read": lambda n: (x := torch.randn(n)).mul_(0.02 / x.std().item()),
    "the same into a new tensor": lambda n: (x := torch.randn(n)) * (0.02 / float(x.std())),
    "scaled by a draw": lambda n: torch.randn(n) * torch.rand(()),
    "two draws": lambda n: torch.rand(n).log() + torch.rand(n).log(),
    "not monotone": lambda n: torch.randn(n).square(),
    "sorted": lambda n: torch.rand(n).sort().values.log(),
    "summed": lambda n: torch.rand(n).cumsum(0).log(),
    "with its own mirror image": lambda n: (one := torch.rand(n)).log() + one.flip(0),
    "normalised": lambda n: (one := torch.rand(n)) / one.sum(),
    "of a number that is drawn": lambda n: torch.rand(n).log() * torch.rand(()),
    "with its own transpose": lambda n: (one := torch.rand(n // 8, 8).log()) + one.view(8, -1).T.contiguous(),
    "of its own part": lambda n: (one := torch.rand(n).log_())[: n // 2].add_(one[n // 2 :]),
    "beside itself": lambda n: (one := torch.rand(n + 1).log_())[1:] + one[:-1],
    "by a table": lambda n: torch.rand(n).log() * torch.arange(n),
    "cut": lambda n: torch.rand(2 * n).log()[:n].clone(),
    "rounded": lambda n: (torch.rand(n) * 9).long().float(),
    "partly": lambda n: torch.empty(n).log_(),
}


@pytest.mark.parametrize("numel", SIZES)
@pytest.mark.parametrize("name", NOT_FOLLOWED)
def test_what_is_no_function_of_each_draw_alone_is_unknown(name: str, numel: int) -> None:
    assert isinstance(left(NOT_FOLLOWED[name], numel), Unknown | None)


def halves_of_one() -> nn.ParameterList:
    flat = torch.empty(2 * 200)
    one, other = flat[:200], flat[200:]
    one.uniform_(1, 16).log_()
    other.copy_(one).exp_().log1p_()
    one.mul_(2)
    return nn.ParameterList([one, other])


def test_parts_of_one_flat_tensor_have_quantiles_of_their_own() -> None:
    made = build_recorded(Request(target=halves_of_one))
    assert made.recording is not None, made.reason
    histories = [made.recording.history(one) for one in made.subject.module.parameters()]
    found = [one.left[0].law for one in histories if one is not None]
    places = quantiles(Uniform(low=1, high=16))
    assert [type(one) for one in found] == [Transformed, Transformed]
    assert found[0].quantiles == pytest.approx([2 * math.log(place) for place in places], rel=1e-6)
    assert found[1].quantiles == pytest.approx([math.log1p(place) for place in places], rel=1e-6)


RULE = "rules: [{id: r, match: {name: '*'}, init: {log_uniform: {a: 1e-3, b: 1e-1}}, through: softplus}]"


@pytest.mark.parametrize("low", [1e-3, 1.01e-3])
def test_error_of_a_hundredth_in_the_range_of_a_time_step_is_found(tmp_path: Path, low: float) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(f"version: 1\n{RULE}\n")
    report = audit(lambda: nn.ParameterList([time_step(64, low)]), str(file), as_built=True)
    assert [one.code for one in report.findings] == ([] if low == 1e-3 else ["IA204"])


def test_levels_are_those_of_the_quantiles() -> None:
    found = left(time_step, 200)
    assert isinstance(found, Transformed)
    assert len(found.quantiles) == len(LEVELS)
    assert isinstance(left(lambda n: torch.rand(n).sort().values, 200), Unknown)
