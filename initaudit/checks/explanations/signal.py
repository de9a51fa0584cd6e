"""IA6xx: what becomes of a signal, and of the gradient that comes back."""

from initaudit.checks.explanations import Code
from initaudit.values import Severity

CODES = (
    Code(
        code="IA606",
        title="no gradient reaches it",
        severity=Severity.WARNING,
        meaning="""
        Two weights that are multiplied are both zero: their product is zero, and so is
        the gradient of each, for it is proportional to the other. No step ever moves
        them. One of the two may be zero, and often is by design: the last layer of a
        residual branch, a control branch, one factor of a low-rank adapter.

        Found without a policy: zero layers of one module by running a copy of that module
        on random numbers, forward and backward; factors of an adapter by their names
        (`lora_A` and `lora_B`, `down` and `up`).
        """,
        example="""
        # nets.py
        self.gate = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.Tanh())
        for layer in (self.gate[0], self.gate[2]):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

        nets.py:2: IA606 warning gate.0.weight: it is zero, and so is gate.2.weight: no gradient reaches it, and it
        stays zero for ever
        """,
        mend="""
        Draw one of the two. A gate that must be shut at first needs a zero last layer
        only; an adapter one zero factor, by custom the one that gives the output.
        """,
    ),
)
