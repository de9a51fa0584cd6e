"""A plug-in: U(-b, b) whose bound halves with every level."""

from torch import nn

import initaudit
from initaudit.laws import Uniform


def _law(geometry, depth=0):
    bound = 0.5**depth
    return Uniform(low=-bound, high=bound)


@initaudit.initialiser("halving", law=_law)
def halving(tensor, depth=0):
    """Draw from U(-b, b), b = 2 to the power of -depth."""
    nn.init.uniform_(tensor, -(0.5**depth), 0.5**depth)
