"""IA5xx: values that were as they should be and are written again."""

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
)
