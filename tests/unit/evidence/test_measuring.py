"""Figures that wait on a device, and come back in one transfer."""

from dataclasses import replace

import pytest
import torch

from initaudit.evidence import measuring
from initaudit.laws import Constant, Law, Normal, Orthogonal, Uniform
from initaudit.policy.expectation import Clause
from initaudit.regions import whole
from initaudit.values import Evidence

SHAPE = (40, 30)


def clause(law: Law | None, label: str | None = None) -> Clause:
    return Clause(label=label, box=whole(SHAPE), measured=(whole(SHAPE),), shape=SHAPE, law=law)


def test_figures_that_wait_on_a_device_come_back_as_those_of_the_processor() -> None:
    values = torch.randn(SHAPE, generator=torch.Generator().manual_seed(0)) * 0.02
    parameters = [
        [clause(Normal(std=0.02)), clause(Constant(value=0.0), "[0]")],
        [clause(None)],
        [clause(Orthogonal(rows=40, columns=30)), clause(Uniform(), "block 0 of 2")],
    ]
    known = Evidence(reason="nothing to measure")
    waiting = [[measuring._pending(values, one, True) for one in clauses] for clauses in parameters]
    together = measuring._collected([waiting[0], known, *waiting[1:]])
    assert together[1] is known
    for evidence, clauses in zip((together[0], *together[2:]), parameters, strict=True):
        for found, one in zip(evidence.observations, clauses, strict=True):
            alone = measuring._observed(values, one, True)
            assert (found.label, found.sample, found.differing) == (one.label, alone.sample, alone.differing)
            assert found.residual == pytest.approx(alone.residual)
            assert found.moments.count == alone.moments.count
            assert found.moments.std == pytest.approx(alone.moments.std)
            assert (found.moments.minimum, found.moments.maximum) == (alone.moments.minimum, alone.moments.maximum)
    assert together[0].observations[0].sample is not None
    assert together[2].observations[0].sample is None


def test_figures_of_a_function_and_of_the_values_themselves_come_back_together() -> None:
    values = torch.rand(SHAPE, generator=torch.Generator().manual_seed(0)) + 0.5
    function = replace(clause(Uniform(low=0.5, high=1.5)), through="exp")
    clauses = [function, clause(None, measuring._PLAIN)]
    (found,) = measuring._collected([[measuring._pending(values, one, True) for one in clauses]])
    expected = measuring._evidence([measuring._observed(values, one, True) for one in clauses])
    assert len(found.observations) == len(expected.observations) == 1
    assert found.observations[0].moments.mean == pytest.approx(expected.observations[0].moments.mean)
    assert found.whole.mean == pytest.approx(values.mean().item())
