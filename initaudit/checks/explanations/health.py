"""IA3xx: values that no law could mean."""

from initaudit.checks.explanations import Code
from initaudit.values import Severity

CODES = (
    Code(
        code="IA301",
        title="parameter never written",
        severity=Severity.ERROR,
        meaning="""
        The tensor was allocated (`torch.empty`, `torch.Tensor(...)`, `to_empty`) and
        nothing wrote to it. Its values are whatever the memory held: often small or
        zero on a fresh process, NaN or 1e30 on another, so that training fails on some
        runs only. No policy is needed to see this, and no seed mends it.
        """,
        example="""
        # nets.py
        class MarginSoftmax(nn.Module):
            def __init__(self, features, classes):
                super().__init__()
                self.weight = nn.Parameter(torch.empty(features, classes))

            def reset_parameters(self):            # nobody calls it
                nn.init.kaiming_normal_(self.weight.t())

        nets.py:2: IA301 error head.weight: nothing ever wrote it: it still holds the memory that it was given
        """,
        mend="""
        Call `reset_parameters` at the end of `__init__`, or write the tensor where it
        is made. After a build on the meta device and `to_empty`, every module needs a
        `reset_parameters` that makes all its values anew, those that the constructor
        assigned included. A function that tests for classes by isinstance passes over
        the layers it does not know: norms of one's own, fused layers, adapters. An init
        call on a copy (`nn.init.normal_(weight.float())`) does not reach the parameter.
        """,
    ),
    Code(
        code="IA303",
        title="NaN or infinite value",
        severity=Severity.ERROR,
        meaning="""
        At least one value is NaN or infinite. One is enough: the first forward pass
        spreads it over all that follows. It comes from memory that nobody wrote, from a
        division by zero or a root of a negative number in an init formula, from a value
        too large for a 16-bit type, or from a damaged checkpoint.
        """,
        example="""
        # nets.py: depth scales 1/sqrt(layer), but the layers are counted from zero
        self.scale = nn.Parameter(torch.arange(12.0).rsqrt())

        nets.py:2: IA303 error scale: 1 of 12 values are NaN or infinite
        """,
        mend="""
        Look at the init call that the finding points at and at the numbers that go into
        it; for a fan or an index, ask what happens at zero. In half precision compute
        in float32 and cast at the end. Where the values were loaded, look at the file.
        """,
    ),
)
