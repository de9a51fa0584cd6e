"""IA5xx: values that were as they should be and are written again, and values that the seed does not decide."""

from initaudit.checks.explanations import Code
from initaudit.values import Severity

CODES = (
    Code(
        code="IA501",
        title="conforming value overwritten",
        severity=Severity.ERROR,
        meaning="""
        At some point of the build the parameter held what the policy declares; a later
        write replaced it. Typically a submodule initialises itself with care, and the
        parent then runs a general init over everything: a zero gate, a time-step bias, a
        scaled residual projection is lost. The finding names both calls.
        """,
        example="""
        # nets.py
        nn.init.zeros_(self.gate.weight)                  # line 8, in the block
        self.apply(lambda m: init_linear(m))              # line 20, in the model

        nets.py:30: IA501 error block.gate.weight: zeros() at nets.py:8 gave what the policy declares;
        normal(mean=0, std=0.02) at nets.py:30 then wrote over it
        """,
        mend="""
        Let the general init pass over what initialises itself (a mark on the module, a
        test of its class), or run the special init last. `initaudit trace` shows the
        order of all writes.
        """,
    ),
    Code(
        code="IA502",
        title="loaded or frozen value re-initialised",
        severity=Severity.ERROR,
        meaning="""
        A value that was loaded from a state dict was drawn anew later in the build, or
        the policy would draw new values over a parameter that is frozen
        (`requires_grad` is False). A frozen weight is not trained, so its values are
        there to be kept: a pretrained backbone, a teacher, fixed features. Drawn anew,
        it stays random for the whole of the training.

        A warning tells of a state dict of which nothing was loaded at all: not one of its
        keys fits, mostly for a prefix (`module.`, `model.`), and `strict=False` keeps
        silent. The weights that should have been replaced are still random.
        """,
        example="""
        # nets.py
        self.backbone.load_state_dict(torch.load("backbone.pt", weights_only=True))
        self.backbone.requires_grad_(False)

        # policy.yaml: no rule speaks of the backbone, so the general one takes it
        rules:
          - {id: conv, match: {module: Conv2d, parameter: weight}, init: kaiming_normal}

        nets.py:8: IA502 error backbone.stem.weight: it is frozen (requires_grad is False), and the policy
        would draw N(0, 0.272166) over its values; ...
        """,
        mend="""
        Let the first rule of the policy leave frozen parameters alone:

            - id: kept
              match: {frozen: true}
              init: unchecked
              reason: loaded from a checkpoint

        To check that they really are the values of the file, declare
        `init: {loaded: {file: backbone.safetensors}}`. Where the parameter is frozen by
        mistake, unfreeze it.
        """,
    ),
    Code(
        code="IA503",
        title="the same random values for every seed",
        severity=Severity.ERROR,
        meaning="""
        The values are random, and yet building the model with another seed gives the
        same ones again. The factory calls `torch.manual_seed` (or a library's
        `set_seed`) itself, or draws from a `torch.Generator` of its own. Runs with
        several seeds are then one run, their spread says nothing, and whatever else is
        drawn after the call repeats as well. The model is built again only where the
        recording gives reason to: a draw from another generator than the run's, values
        from outside torch. Those are drawn if they change where numpy, Python's `random`
        and torch get other seeds than the factory gives them. Loaded and constant values
        are never meant, nor are frozen ones and buffers for which no random law is
        declared: fixed features are drawn once and for all.
        """,
        example="""
        # nets.py
        def build():
            torch.manual_seed(0)               # line 5
            return Net()

        nets.py:5: IA503 error layers.0.weight, layers.1.weight (×2): another seed gives it the same values,
        though they are drawn: this line seeds torch's generator, which the run has seeded already
        """,
        mend="""
        Seed once, where the program starts, and leave factories and modules free of it.
        Where a part must be the same for every seed, freeze it or make it a buffer. A
        policy leaves values that come from elsewhere on purpose `unchecked`.
        """,
    ),
    Code(
        code="IA504",
        title="not reproducible for one seed",
        severity=Severity.ERROR,
        meaning="""
        Built twice with the same seed (torch's, numpy's and Python's generators), the
        parameter or buffer holds other values. Something else decides them: `torch.seed()`,
        `os.urandom`, the clock, a numpy generator without a seed, the order in which
        threads draw. No run can be repeated.
        """,
        example="""
        # nets.py
        noise = np.random.default_rng().normal(size=(64, 64))
        self.weight = nn.Parameter(torch.from_numpy(noise).float())

        nets.py:3: IA504 error weight: built twice with the same seed, it holds other values: something else than
        the generators of torch, numpy and random decides them, such as the clock, the process or ...
        """,
        mend="""
        Draw from torch's own generator: `nn.init.normal_(self.weight)`. Where numpy must
        draw, derive its seed from torch's: `np.random.default_rng(torch.initial_seed() % 2**32)`.
        """,
    ),
)
