"""IA6xx: what becomes of a signal, and of the gradient that comes back."""

from initaudit.checks.explanations import Code
from initaudit.values import Severity

CODES = (
    Code(
        code="IA601",
        title="activations explode or vanish",
        severity=Severity.WARNING,
        meaning="""
        A probe was sent through the model. From one layer with a weight to the next its
        scale changes by a factor whose 95% interval lies outside the policy's band for
        `growth` (0.9 to 1.1), or that is off one beyond chance, and from the layer named
        on it stays outside the band for `activation_std` (0.1 to 10; ten times that for
        fewer than eight layers), where it has changed by more than ten times. A factor
        that surely is above 5, or below 1/15, is a finding over any few layers. Depth
        does the rest: a factor of two overflows float32 after 128 layers, a half is nothing
        after 150. Towers with inputs of their own are judged one by one.

        Some faults need no growth, for norms and biases hide them: a single layer that
        multiplies the scale by more than ten and leaves it there, or takes it above a
        hundred; three blocks or more, or the layer that gives the scores, that multiply
        theirs by more than ten; sums above thirty that norms take in most blocks; less than
        1e-4 before a layer of which the bias is all that goes on, or less than 1e-5 that
        several layers take; what is above 1e6, given or taken, where inputs have a scale of
        one, and a model that gives more than 1e4. What a norm alone takes may have any
        other scale.

        Outside a band that the policy itself sets it is a finding whatever the factor. A
        weight is named where it alone changes the scale: not where a residual is added, or
        a cell has a state.

        Of n inputs of scale one, weights of std s make a sum of scale s·√n: 1/√n keeps
        the variance, √(2/n) does before a ReLU (He et al. 2015), and a saturating
        function wants a little more (Glorot & Bengio 2010).
        """,
        example="""
        # nets.py: a hundred layers of 256 units
        nn.init.normal_(layer.weight)

        nets.py:4: IA601 warning linears.0: activations explode, ×16 [15.9, 16.1] a layer: std 15.8 here,
        2.22e+37 at linears.30; linears.0.weight has std 1 where 0.0625 keeps the variance: gain ×16
        """,
        mend="""
        Draw the weights with the std that the finding names, or let a law do it:
        `kaiming_normal` before ReLU, `xavier_normal` with the gain of the function before
        tanh. `initaudit signal -v` shows the gain that each activation takes. Norms, or
        residual branches that start at zero, take the question away.
        """,
    ),
    Code(
        code="IA602",
        title="gradients explode or vanish",
        severity=Severity.WARNING,
        meaning="""
        Gradients of scale one were sent back from the outputs. On their way their scale
        changes from layer to layer by a factor outside the policy's band for `growth`,
        and from the layer named on, towards the inputs, it stays outside the band for
        `gradient_std`. Layers beyond learn nothing, or throw away in one step what all
        others learnt. Weights that keep activations need not keep gradients: the one
        counts inputs, the other outputs, and a function that saturates lets little back.
        """,
        example="""
        # nets.py: torch's own law of Linear before each of a hundred ReLUs
        nets.py:4: IA602 warning linears.87: gradients vanish, ×0.408 [0.403, 0.413] a layer: std 8.2e-06 here,
        3.1e-39 at linears.0; linears.87.weight has std 0.0361 where 0.0884 keeps the variance: gain ×0.408
        """,
        mend="""
        As for IA601. Where activations keep their scale and gradients do not, look at
        fans that differ from layer to layer (`mode: fan_out` keeps gradients), and at
        functions that saturate: `initaudit signal -v` shows which share of their values.
        """,
    ),
    Code(
        code="IA603",
        title="first layer that is not finite",
        severity=Severity.ERROR,
        meaning="""
        With a probe of scale one the output of this layer holds NaN or infinity, and it
        is the first to. What follows is lost, and so is the loss. The layers before it
        are told with their scales: growth by a steady factor means weights (IA601), a
        sudden end means this layer: a division by zero, a logarithm or root below zero,
        an overflow of a 16-bit type, a parameter that is not finite (IA303). Where what
        goes in is not finite already, the layer is the first to meet what is done between
        layers, and where each layer gives finite values and the model does not, it is what
        is done between or behind them. Gradients that are not finite behind finite outputs
        are told alike: of a root, a norm or a logarithm at zero.
        """,
        example="""
        nets.py:4: IA603 error linears.31: the first layer whose output is not finite: 1,083 of 4,096 values are
        NaN or infinite; std on the way there: linears.28 8.71e+34, linears.29 1.4e+36, linears.30 2.22e+37
        """,
        mend="""
        Mend the first finding of IA601 where there is one. Else look at what the layer
        computes and at its parameters (`initaudit check` judges them); in 16 bits try
        `--dtype float32`, which tells an overflow from a mistake.
        """,
    ),
    Code(
        code="IA604",
        title="dead units",
        severity=Severity.WARNING,
        meaning="""
        A unit that gives zero for every sample of the probe passes no gradient, and
        its weights stand still. A weight drawn about zero leaves a unit on as often as
        off: even where all samples are alike no more than half the units are dead, and
        the rest is binomial. Here more are than chance allows, once in a million models.
        A tanh that is saturated for more than half of its values lets as little back: where
        it gives more than 0.95 its slope is below a tenth. A sigmoid may be a gate that is
        shut by design, and is not judged. A softmax is flat where one of sixteen or more
        gets more than all others together: scores of std 1 hardly ever give that, and
        those of std 4, which attention makes that does not divide them by √(head width),
        do in most rows.
        Where a function lets nothing at all through, what follows is not judged: it takes
        zeros, whatever its weights are. A note tells of a norm whose gain is zero, or of a
        layer or a gate of zeros, that makes all before it wait for a first gradient.
        """,
        example="""
        # nets.py
        nn.init.constant_(self.fc1.bias, -10.0)

        nets.py:3: IA604 warning act: 256 of 256 units of what goes out are zero for every sample, so no gradient
        passes them; no more than about half are where weights are drawn about zero
        """,
        mend="""
        Look at the bias of the layer before (zero, or a little above, leaves units
        alive) and at the mean of its weights; inputs that are all positive want weights
        of mean zero. A zero layer before a ReLU leaves every unit dead for good. What goes
        into a tanh wants a scale of one: weights with std gain/√fan_in. So do the scores
        of attention: `scaled_dot_product_attention` divides them by itself.
        """,
    ),
    Code(
        code="IA605",
        title="scale grows with width",
        severity=Severity.WARNING,
        meaning="""
        The factory was built at several widths, and what this layer gives grows with a
        power of the width whose 95% interval lies above 0.1. What suits one width does
        not suit a wider one: weights whose std does not follow the fan-in. The table of
        widths names the parametrisation of each layer: `standard` (weights as
        1/√fan_in), `ntk` (weights that do not change, and a factor in the code), `mup`
        (outputs as 1/√width and gradients as 1/width; Yang & Hu 2021), or `unstable`.
        """,
        example="""
        # nets.py: one std for every width
        nn.init.normal_(layer.weight, std=0.02)

        nets.py:2: IA605 warning layers.1: its scale grows with the width, as width^0.50 [0.47, 0.53] over width =
        64, 128, 256, 512; the std of its weight goes as width^0.00; so do 3 more layers
        """,
        mend="""
        Let the std follow the fan-in: a law with fans, or an expression in the policy,
        `std: "0.02 * sqrt(768 / fan_in)"`, which is 0.02 where it was tuned.
        """,
    ),
    Code(
        code="IA606",
        title="no gradient reaches it",
        severity=Severity.WARNING,
        meaning="""
        No gradient arrives at the parameter, so no step ever moves it. Often two weights
        that are multiplied are both zero: their product is zero, and so is the gradient
        of each, for it is proportional to the other. One of the two may be zero, and
        often is by design: the last layer of a residual branch, a control branch, one
        factor of a low-rank adapter. Or the layer is never called, its output is not
        used, or something on the way back has no slope: `argmax`, `round`, `detach`.

        `check` finds without a policy: zero layers, gates and norms by running a copy of
        the innermost module that holds them on random numbers, forward and backward, where
        it takes one input; factors of an adapter by their names (`lora_A` and `lora_B`,
        `down` and `up`). `signal` finds what a probe of the whole model does not reach, in
        training mode neither, and neither once the zeros that a gradient does reach have
        been moved, in whichever parameter they are, nor with the other sign of what was
        drawn about zero, for a narrow ReLU may sleep by chance. What no other values would
        help, such as an expert without tokens or an output that is cut off, is a note
        where the inputs were guessed, since others may use it.
        """,
        example="""
        # nets.py
        self.gate = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.Tanh())
        for layer in (self.gate[0], self.gate[2]):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

        nets.py:2: IA606 warning gate.0.weight: it is zero, and so is gate.2.weight: no gradient reaches it, and
        it stays zero for ever
        """,
        mend="""
        Draw one of the two. A gate that must be shut at first needs a zero last layer
        only; an adapter one zero factor, by custom the one that gives the output. Call
        the layer or take it away; freeze (`requires_grad=False`) what is not to learn.
        """,
    ),
)
