"""IA5xx: values that were as they should be and are written again."""

from initaudit.checks.explanations import Code
from initaudit.values import Severity

CODES = (
    Code(
        code="IA502",
        title="loaded or frozen value re-initialised",
        severity=Severity.ERROR,
        meaning="""
        The policy would draw new values over a parameter that is frozen
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
