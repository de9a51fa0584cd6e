"""IA2xx: values that do not follow the declared law."""

from initaudit.checks.explanations import Code
from initaudit.values import Severity

CODES = (
    Code(
        code="IA201",
        title="mean off the declared law",
        severity=Severity.ERROR,
        meaning="""
        The mean of the values lies outside the band round the declared mean. The band
        is the policy's slack (`tolerance: {mean: 1%}`, in units of the declared
        standard deviation) widened by the sampling error of this many elements, so that
        a correct model fails the whole run no more often than `false_alarm` says.
        """,
        example="""
        # nets.py: rand is uniform on [0, 1); randn, or a shift, was meant
        self.w_hh = nn.Parameter(torch.rand(256, 256) * 0.01)

        # policy.yaml
        - {id: recurrent, match: {name: w_hh}, init: {normal: {std: 0.01}}}

        nets.py:4: IA201 error w_hh: mean 0.005002 where N(0, 0.01) has 0; 65,536 values may give
        -0.0002983 to 0.0002983
        """,
        mend="""
        Look at the init call that the finding points at. Usual causes: rand for randn;
        uniform_(0.0, 0.02) read as (mean, std) though it takes the bounds; a constant
        added; a layer that the init function never reached. Where the mean is meant,
        declare it.
        """,
    ),
    Code(
        code="IA202",
        title="standard deviation off the declared law",
        severity=Severity.ERROR,
        meaning="""
        The standard deviation of the values lies outside the band round the declared
        one. The band is the policy's slack (`tolerance: {std: 1%}`, relative to the
        declared value) widened by the sampling error of this many elements: small
        tensors get a wide band, large ones a narrow one.
        """,
        example="""
        # nets.py: `named_parameters` gives dotted names, so the test never holds
        for name, parameter in self.named_parameters():
            if name == "c_proj.weight":
                nn.init.normal_(parameter, std=0.02 / math.sqrt(2 * n_layer))

        # policy.yaml
        - id: residual
          match: {name: "*.c_proj.weight"}
          init: {normal: {std: "0.02 / sqrt(2 * 12)"}}

        nets.py:12: IA202 error h.0.attn.c_proj.weight: std 0.02001 where N(0, 0.00408248) has 0.004082
        (4.9x as wide); 589,824 values may give 0.004019 to 0.004146
        """,
        mend="""
        Compare the measured figure with what usual mistakes give. 1/sqrt(3 fan_in) is
        torch's own default for Linear and Conv: the init function never reached the
        layer (it tests another class or name, or ran before the layer was made). A
        ratio of sqrt(fan_in / fan_out) means that the fans are swapped, as for a weight
        stored (in, out). A ratio of sqrt(groups) is a depthwise convolution with
        fan_out. 0.7 is a fused q, k, v taken as one matrix (`blocks: 3`). 0.88 is a
        normal truncated at two standard deviations. 1.4 is the gain of relu. A stacked
        (experts, out, in) tensor is read by torch as a convolution: far too small.
        """,
    ),
    Code(
        code="IA203",
        title="value outside the declared bounds",
        severity=Severity.ERROR,
        meaning="""
        At least one value lies below the least or above the greatest value that the
        declared law can give. Mean and standard deviation may look right all the same:
        one far outlier in a million does not move them, yet a weight of two thousand
        standard deviations can ruin the first steps of training.
        """,
        example="""
        # nets.py: a and b of trunc_normal_ are absolute, so this truncates at 100 standard deviations
        nn.init.trunc_normal_(self.weight, std=0.02, a=-2, b=2)

        # policy.yaml
        - {id: weights, match: {parameter: weight}, init: {trunc_normal: {std: 0.02, a: -0.04, b: 0.04}}}

        nets.py:3: IA203 error weight: minimum -0.08687 lies outside N(0, 0.02) within [-0.04, 0.04],
        which gives values within [-0.04, 0.04]
        """,
        mend="""
        Give the bounds in the units of the values (a=-2 * std, b=2 * std), or declare
        the law that is really meant. A single far value in an otherwise right tensor
        points to a sampler at low precision, or to a later write to one element.
        """,
    ),
    Code(
        code="IA204",
        title="another law with alike mean and spread",
        severity=Severity.ERROR,
        meaning="""
        Mean and standard deviation are as declared, and yet the values are not drawn
        from the declared law: uniform for normal, a normal that nothing truncates, a
        clamped one, a mixture with heavy tails. Where the build was recorded, the law
        that was called is compared with the declared one exactly, by their distribution
        functions. Else the values are: the share of them below each of 71 quantiles
        (of 65,536 values spread evenly over a larger tensor), and whether all of them
        keep away from where some must lie. So is the number of exact zeros, which dropout
        on a weight leaves; whole rows of them are told as such. All hold their share of `false_alarm` by a
        proven bound, for every size, and allow for the grid of 16-bit types.
        """,
        example="""
        # nets.py: of the same spread as normal_(std=0.02)
        bound = 0.02 * math.sqrt(3)
        nn.init.uniform_(self.weight, -bound, bound)

        # policy.yaml
        - {id: weights, match: {parameter: weight}, init: {normal: {std: 0.02}}}

        nets.py:3: IA204 error weight: uniform(a=-0.034641, b=0.034641) gave U(-0.034641, 0.034641),
        P(x < -0.01624) = 0.2656, where N(0, 0.02) has 0.2084
        """,
        mend="""
        Call the initialiser that is declared (xavier_normal_ and xavier_uniform_ differ
        in the shape alone), or declare the one that is meant. For a truncated normal
        remember that a and b are absolute: a=-2, b=2 truncate nothing where std is 0.02,
        and clamping is not truncating.
        """,
    ),
    Code(
        code="IA205",
        title="declared structure not held",
        severity=Severity.ERROR,
        meaning="""
        The rule declares a matrix with a structure (orthogonal, eye, dirac, sparse) and
        the values do not have it: rows or columns are not orthogonal or not of the
        declared length, ones are not where they belong, or the share of zeros in a
        column is another. Mean and standard deviation of an orthogonal matrix are those
        of a plain random one, so only the structure tells them apart.

        A warning, without a policy, tells of a low-rank adapter (`lora_A`, `lora_B`) both
        factors of which are drawn: it is added to a weight and has to be zero at first,
        so one of them is, whichever it be. A policy that declares laws for both is
        believed, and so is an adapter that was loaded.
        """,
        example="""
        # nets.py: made orthogonal, and scaled afterwards
        nn.init.orthogonal_(self.recurrent.weight)
        self.recurrent.weight.data.mul_(0.9)

        # policy.yaml
        - {id: recurrent, match: {name: recurrent.weight}, init: orthogonal}

        nets.py:6: IA205 error recurrent.weight: its columns are not orthogonal with gain 1: the products
        are off by 0.19
        """,
        mend="""
        See that nothing writes or scales the tensor afterwards: a cast to a 16-bit
        type, an in-place product, a later apply(init) of the parent. Where a gain is
        meant, declare it: `orthogonal: {gain: 0.9}`. A fused tensor (the four gates of
        an LSTM) is orthogonal block by block only where each block is initialised by
        itself; declare `blocks: 4` for it.
        """,
    ),
    Code(
        code="IA206",
        title="not the declared constant",
        severity=Severity.ERROR,
        meaning="""
        The rule declares exact values (zeros, ones, a constant, a formula, the tensors
        of a file) and at least one element differs, after both are rounded to the
        parameter's type. There is no sampling error here and so no tolerance: a bias
        that should be zero is zero, a gate that should be closed is closed.
        """,
        example="""
        # nets.py: the parent's apply comes after the block has closed its own gate
        class Block(nn.Module):
            def __init__(self):
                ...
                nn.init.zeros_(self.gate.weight)

        model.apply(init_weights)      # every Linear: normal_(std=0.02)

        # policy.yaml
        - {id: gates, match: {name: "*.gate.weight"}, init: zeros}

        nets.py:5: IA206 error blocks.0.gate.weight: 65,536 of 65,536 values are not 0; they lie in
        [-0.0871, 0.0893], mean 3.1e-05
        """,
        mend="""
        Find the write that came last (the report's `writes` lists them; `-v` shows
        them) and let it pass over this layer, or move the special init after it. A norm
        that is not 1, or a bias that is not 0, mostly means that the init function's
        branch for Linear layers also takes the norm, or that no branch takes it.
        """,
    ),
    Code(
        code="IA207",
        title="slice or block off its law",
        severity=Severity.ERROR,
        meaning="""
        A part of the tensor has a law of its own (`slices`, `blocks`) and does not hold
        it, though the rest may be right: the padding row of an embedding, one of q, k
        and v in a fused projection, one expert of a stacked tensor, the forget gate in
        the bias of an LSTM. Figures of the whole tensor hide such a part. Blocks that are
        off in the same way are told together, with the shape of each, which is the one
        that `shape` and fans mean in the rule's expressions. Where no law
        is declared, a few rows or columns far wider than all the others are told too,
        as a warning; of fewer than 16, one of five or more that is eight times as wide,
        unless calls of their own are recorded to have drawn some of them.
        """,
        example="""
        # nets.py: the draw wipes out the zero row that the Embedding made for its padding index
        self.tokens = nn.Embedding(32000, 512, padding_idx=0)
        nn.init.normal_(self.tokens.weight, std=0.02)

        # policy.yaml
        - id: tokens
          match: {module: Embedding, parameter: weight}
          init: {normal: {std: 0.02}}
          slices: [{index: padding_idx, init: zeros}]

        nets.py:2: IA207 error tokens.weight: [padding_idx]: 512 of 512 values are not 0; they lie in
        [-0.06034, 0.06302], mean 0.001834
        """,
        mend="""
        Write the part after the whole:
        `with torch.no_grad(): self.tokens.weight[0].zero_()`. For a fused tensor,
        initialise each block by itself, so that its fans are those of one block.
        """,
    ),
)
