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
        runs only. No policy is needed to see this, and no seed mends it. Without a
        recording it is told by the NaN with which fresh memory is filled, which somebody
        may as well have written. A note tells of a build that is not recorded, and of
        tensors whose writes are not known: those that were made before the factory ran,
        or that it made on a GPU.
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
        code="IA302",
        title="partly written",
        severity=Severity.ERROR,
        meaning="""
        Some of the values were written and some were not: an init call reached a view,
        a gate or a block, and nothing ever filled the rest. What was not written is
        whatever the memory held. The recording of the build knows it for certain.
        """,
        example="""
        # nets.py: two of three blocks are drawn
        self.qkv = nn.Parameter(torch.empty(3 * width, width))
        nn.init.xavier_uniform_(self.qkv[: 2 * width])

        nets.py:2: IA302 error attention.qkv: 65,536 of its 196,608 values were never written: [512:768, 0:256]
        """,
        mend="""
        Initialise the whole tensor, or the region that the finding names as well.
        `initaudit trace` lists every write with the region that it reached.
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
    Code(
        code="IA304",
        title="constant, dead or repeated rows",
        severity=Severity.WARNING,
        meaning="""
        Rows, columns or filters of a tensor whose values are drawn hold one value each,
        or the very values of others. A dead row gives the same output for every input,
        and equal ones get equal gradients, so that the layer is narrower than it looks.
        Chance does not do this. Weights of a whole layer that are one number other than
        zero are the same fault, unless a rule declares them. The padding row of an
        embedding, constants that the policy declares for a slice, and those that a
        recorded write put into some rows are none.
        """,
        example="""
        # nets.py: the mask was meant for the columns
        weight = torch.randn(512, 512) * 0.02
        weight[torch.arange(0, 512, 64)] = 0
        self.weight = nn.Parameter(weight)

        nets.py:4: IA304 warning weight: rows 0, 64, 128, 192 and 4 more (8 of 512 equal parts): every value
        there is 0
        """,
        mend="""
        Look for an index or a mask along the wrong dimension, for `expand` and `repeat`
        where draws were meant, and for a copy from a smaller tensor. Where the rows are
        meant, give them a law of their own:

            - id: table
              match: {name: table.weight}
              init: {normal: {std: 0.02}}
              slices: [{index: "0:8", init: zeros}]
        """,
    ),
    Code(
        code="IA305",
        title="precision lost, or an outlier",
        severity=Severity.ERROR,
        meaning="""
        The law is right and the values are not. Three things do that. A random law
        narrower than the numbers of its 16-bit type lie apart: a quarter or more of the
        values become one number, often zero. Exact values (`formula`) that a cast
        rounded: rotary frequencies in bfloat16 are off by up to 0.4 %, and their phases
        drift with the position; a constant of 1e-8 is zero in float16. A single value
        further out than so many draws ever come: samplers of low precision return their
        bound now and then. Values that a cast rounds because `--dtype` asked for that
        type are a note.
        """,
        example="""
        # nets.py: right in float32, and then all buffers are cast
        self.register_buffer("inv_freq", 10000 ** (-torch.arange(0, dim, 2) / dim))
        model.to(torch.bfloat16)

        # policy.yaml
        - id: frequencies
          match: {kind: buffer, name: "*.inv_freq"}
          init: {formula: {value: "10000 ** (-2 * i / module.dim)"}}

        nets.py:2: IA305 error rotary.inv_freq: bfloat16 keeps 10000 ** (-2 * i / module.dim) to 0.37 % only:
        31 of 32 values are rounded
        """,
        mend="""
        Keep the tensor in float32: compute it in `forward`, cast it back after the
        model's cast, or cast the parameters alone. Scale what is too small for float16.
        Draw in float32 and cast the result. An outlier of many standard deviations is
        best drawn again.
        """,
    ),
    Code(
        code="IA306",
        title="buffer never written or not a number",
        severity=Severity.ERROR,
        meaning="""
        A buffer holds memory that nobody wrote, or NaN. Buffers are not trained and
        often not saved, so nothing mends them later: rotary frequencies, scales and
        running statistics go wrong from the first step on. Infinities alone are no
        finding, for masks are made of them. A norm's running variance below zero, or
        zero throughout, is one too: the norm divides by its root.
        """,
        example="""
        # nets.py
        self.register_buffer("inv_freq", torch.empty(dim // 2), persistent=False)

        nets.py:2: IA306 error rotary.inv_freq: nothing ever wrote it: it still holds the memory that it
        was given
        """,
        mend="""
        Compute the buffer where it is registered. After a build on the meta device and
        `to_empty`, compute it again: a module's `reset_parameters` must make its buffers
        too. A rule with `kind: buffer` and a `formula` holds it to its values.
        """,
    ),
)
