"""IA4xx: tensors that should be one, or should not be."""

from initaudit.checks.explanations import Code
from initaudit.values import Severity

CODES = (
    Code(
        code="IA401",
        title="bit-identical parameters that are not tied",
        severity=Severity.ERROR,
        meaning="""
        Several parameters hold the very same random values, though each has storage of
        its own: layers made by `deepcopy`, or drawn one after the other from the same
        seed. They start as one layer. No figure of a single tensor shows it. Constants,
        formulas, loaded values, tied parameters and a frozen copy of a trained one are
        no finding; what numpy or Python made counts as drawn where another seed changes
        it, the run's or one that the factory chose; a vector counts only where its module
        has no random matrix, and a buffer only where the build is recorded and shows two
        draws, no copy. A whole network that starts as one other, under a name that differs
        in more than a number (`critic` and `critic_target`), is a note: so targets and
        moving averages are made; so is a network of which several layers are recorded to
        be copied from another's, as those of a control branch are. The same values in
        another order (flipped, rolled, rows permuted) are a warning: they are no draws of
        their own, though the layer may be another function.
        """,
        example="""
        # nets.py: nn.TransformerEncoder makes its layers by deepcopy
        layer = nn.TransformerEncoderLayer(512, 8)
        self.encoder = nn.TransformerEncoder(layer, num_layers=6)

        nets.py:3: IA401 error encoder.layers.0.linear1.weight: its values are bit-identical to those of
        encoder.layers.1.linear1.weight, encoder.layers.2.linear1.weight, encoder.layers.3.linear1.weight
        and 2 more; nets.py:3 copies them
        """,
        mend="""
        Draw each copy anew (`for p in encoder.parameters(): if p.dim() > 1:
        nn.init.xavier_uniform_(p)`), or make each layer by itself. Seed once, not in
        every layer; a fresh `torch.Generator()` always starts from the same seed, and
        `fork_rng` gives back the state it began with. Where the values are meant to be
        equal, say so:

            extends: torch-default
            equal: [["student.*", "teacher.*"]]
        """,
    ),
    Code(
        code="IA402",
        title="repeated blocks inside one parameter",
        severity=Severity.ERROR,
        meaning="""
        Blocks of one tensor along its first or second dimension are copies of each
        other, bit for bit: shards that every rank drew from the same seed, experts, heads
        or queries made from one draw by `expand` or `repeat`, rows that each stand twice
        after `weight[::2] = weight[1::2]`. The matrix has a fraction of the rank that its
        shape promises, and equal experts stay equal in training. Mean and standard
        deviation are those of a right one. Kernels that each stand r² times in a row
        start a sub-pixel convolution (ICNR), and are no finding; rows that are each one
        number, in a parameter of no layer of torch, are a note at most.
        """,
        example="""
        # nets.py: four ranks with one seed
        shards = [torch.randn(256, 1024, generator=torch.Generator().manual_seed(0)) for rank in range(4)]
        self.weight = nn.Parameter(torch.cat(shards) * 0.02)

        nets.py:3: IA402 error weight: rows 0:256, 256:512, 512:768, 768:1024 (4 of 4 equal parts): they hold
        the very same values
        """,
        mend="""
        Give each shard, expert or head a seed of its own (the rank's number added), or
        draw the whole tensor and cut it. Where copies are meant, take the parameter out
        of the audit with a reason:

            - id: heads
              match: {name: "*.kv.weight"}
              init: unchecked
              reason: the heads of a group start alike
        """,
    ),
    Code(
        code="IA403",
        title="correlated parameters",
        severity=Severity.WARNING,
        meaning="""
        The random values of several parameters hang together: one is another scaled,
        shifted, negated, transposed, or with noise on top, or several start with the
        same draws because the generator was in the same state. For independent draws
        each pair of neighbours rises with chance one half whatever the other tensor is,
        so the test needs no law, and all pairs together keep their share of the run's
        false alarms. Equal states of a generator are an error, and so is whatever layers
        of one list have of each other; what was computed from another under a name that
        differs in more than a number is a note. Without a recording, rows that start like
        those of another are a warning: they may be copies, as resizing a table makes.
        A frozen tensor counts only among frozen ones: it may follow what is trained.
        """,
        example="""
        # nets.py: every layer draws from a generator of its own, and all of them have the same seed
        for layer in layers:
            nn.init.kaiming_normal_(layer.weight, generator=torch.Generator())

        nets.py:3: IA403 error layers.0.weight: its values hang together with those of layers.1.weight:
        layers.1.weight starts with the draws of layers.0.weight, from an equal state of a generator

        # torch's own generator, put back after every layer: the line is named
        ... from an equal state of a generator, set by `fork_rng` at nets.py:5
        """,
        mend="""
        Make one generator, seed it once and hand it to every layer; do not seed inside
        a loop. Where layers of a kind are made from each other on purpose, leave them
        unchecked with the reason:

            - id: experts
              match: {name: "experts.*"}
              init: unchecked
              reason: start as the dense layer with noise
        """,
    ),
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
        tie. Without it one module at places whose names differ in numbers alone is a
        note. Two parameter objects over one memory are a warning without it, and where
        they are listed: `nn.Parameter(encoder.weight.t())` looks tied and is, but
        optimisers step it twice, and `.half()`, `.to(device)` and `deepcopy` untie it.
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
        group of names to `ties`. Tie by assigning the parameter itself, `head.weight =
        embedding.weight`, and turn it in `forward` where it is needed the other way round.
        """,
    ),
)
