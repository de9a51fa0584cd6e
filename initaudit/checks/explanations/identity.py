"""IA4xx: tensors that should be one, or should not be."""

from initaudit.checks.explanations import Code
from initaudit.values import Severity

CODES = (
    Code(
        code="IA404",
        title="declared tie or equality broken",
        severity=Severity.ERROR,
        meaning="""
        The policy lists these parameters as tied, so they must share one storage, and
        in the model they do not (or it lists them as equal, and their values differ).
        An untied output head starts and stays apart from the embedding: the model has
        more parameters than it should, and a head with the embedding's N(0, 1) gives a
        first loss of a hundred and more.
        """,
        example="""
        # nets.py: to_empty gives each name a storage of its own again
        with torch.device("meta"):
            model = LanguageModel()                # head.weight = embedding.weight
        model.to_empty(device="cpu")
        model.apply(init_weights)

        # policy.yaml
        extends: torch-default
        ties: [[head.weight, embedding.weight]]

        nets.py:2: IA404 error head.weight: declared tied to embedding.weight, but the two have storage
        of their own
        """,
        mend="""
        Tie after the last step that allocates: to_empty, a cast that copies, a wrapper
        that shards. Look at the flag that turns tying on: with nested configurations it
        is often read from the wrong level. Where the model is meant to be untied, take
        the pair off the policy's `ties`.
        """,
    ),
    Code(
        code="IA405",
        title="tie that the policy does not list",
        severity=Severity.ERROR,
        meaning="""
        Two names of the model share one storage, and the policy's `ties` do not list
        them. Layers shared by accident look like a model of the declared depth and
        train like a shallower one: all copies get the same values and the same updates.
        Only a policy with the key `ties` asks for this; an empty list forbids every
        tie.
        """,
        example="""
        # nets.py: one layer four times, not four layers
        self.blocks = nn.ModuleList([Block(256)] * 4)

        # policy.yaml
        extends: torch-default
        ties: []

        nets.py:9: IA405 error blocks.0.proj.weight: it shares storage with blocks.1.proj.weight, a tie that
        the policy does not list
        """,
        mend="""
        Make each layer by itself (`nn.ModuleList(Block(256) for _ in range(4))`), and
        do not give a module as a default argument. Where the sharing is meant, add the
        pair to `ties`.
        """,
    ),
)
