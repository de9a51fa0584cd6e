"""The functions that a rule may look through (`through: softplus`), each with its inverse for applying a law."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn import functional

from initaudit.policy.schema import Through

Function = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True, slots=True)
class Pair:
    """A function of a parameter's value, and the value that gives a function's result."""

    function: Function
    inverse: Function


def _inverse_softplus(result: torch.Tensor) -> torch.Tensor:
    return result + torch.log(-torch.expm1(-result))


THROUGH: dict[Through, Pair] = {
    Through.SOFTPLUS: Pair(functional.softplus, _inverse_softplus),
    Through.EXP: Pair(torch.exp, torch.log),
    Through.LOG: Pair(torch.log, torch.exp),
    Through.SIGMOID: Pair(torch.sigmoid, torch.logit),
    Through.TANH: Pair(torch.tanh, torch.atanh),
}
