"""IA1xx: what the policy governs, and what it does not."""

from initaudit.checks.explanations import Code
from initaudit.values import Severity

CODES = (
    Code(
        code="IA101",
        title="parameter that no rule governs",
        severity=Severity.ERROR,
        meaning="""
        No rule of the policy matches this parameter, so nobody has said what its values
        should be. It keeps whatever its module, or the memory, gave it. Mostly it is a
        layer of a type that the policy's author did not think of, or a bare
        nn.Parameter (a class token, a position table, the in_proj_weight of an
        attention) that a list of layer types passes over.
        """,
        example="""
        # policy.yaml
        rules:
          - {id: weights, match: {module: Linear, parameter: weight}, init: {normal: {std: 0.02}}}
          - {id: biases, match: {name: "*bias"}, init: zeros}

        # nets.py: the projections of q, k and v are a bare parameter, not a Linear
        self.attention = nn.MultiheadAttention(256, 4)

        nets.py:7: IA101 error attention.in_proj_weight: no rule governs this MultiheadAttention's
        in_proj_weight of shape [768, 256]
        """,
        mend="""
        Add a rule that says what the parameter should be:

            - id: qkv
              match: {name: "*.in_proj_weight"}
              init: xavier_uniform
              blocks: 3

        Where it is meant to be left alone, say so and say why (`init: unchecked` with a
        `reason`). `extends: torch-default` governs all that the own rules leave over,
        by what torch's layers do by themselves. `unmatched: warning` or
        `unmatched: ignore` at the top of the policy lowers this for every parameter.
        """,
    ),
    Code(
        code="IA102",
        title="rule that matched nothing, or not as many as it must",
        severity=Severity.ERROR,
        meaning="""
        A rule matches no parameter at all, or its `count` is not the number of
        parameters that it governs. A rule that governs nothing checks nothing: often
        the selector tests an exact name where the model has dotted ones, names Conv2d
        where every layer is a Conv1d, or the model's layers were renamed since the rule
        was written.
        """,
        example="""
        # policy.yaml: the scaled residual projections of a GPT-2 with 12 blocks
        rules:
          - id: residual
            match: {name: c_proj.weight}
            init: {normal: {std: "0.02 / sqrt(2 * 12)"}}
            count: 24

        # the model calls them h.0.attn.c_proj.weight, h.0.mlp.c_proj.weight, ...
        policy.yaml:3: IA102 error rule residual: it governs 0 parameters where its count says 24
        """,
        mend="""
        Compare the selector with the names in `initaudit stats TARGET`. A glob must
        cover the whole dotted name (`*.c_proj.weight`), `module` takes the name of the
        class or of one it inherits from. Delete the rule where the model no longer has
        such a layer. A rule inherited through `extends` may match nothing, and so may
        one of a preset as long as another of its own rules applies: that is a note.
        """,
    ),
    Code(
        code="IA103",
        title="rule wholly shadowed by earlier ones",
        severity=Severity.WARNING,
        meaning="""
        The first rule that matches a parameter governs it. All that this rule would
        match is taken by rules above it, so it has no effect, and what it declares is
        not checked. Where that is because a tensor is tied, and a rule for another of
        its names stands first, only a rule that declares another law is a mistake.
        """,
        example="""
        # policy.yaml: the general rule stands before the special one
        rules:
          - {id: weights, match: {parameter: weight}, init: {normal: {std: 0.02}}}
          - {id: norms, match: {module: LayerNorm, parameter: weight}, init: ones}

        policy.yaml:4: IA103 warning rule norms: it matches 25 parameters, governed by earlier rules (weights)
        """,
        mend="""
        Move the special rule above the general one, or make the general one narrower,
        or delete this one.
        """,
    ),
    Code(
        code="IA104",
        title="tied parameter under rules that disagree",
        severity=Severity.ERROR,
        meaning="""
        One tensor hangs in the model under several names, and the rules that match
        these names declare different laws. It cannot keep both: what is written last
        wins. Tying a decoder to an embedding is the usual case: the rule for Linear
        layers turns the embedding's N(0, 1) into N(0, 0.02), or the other way about. Of a
        tie that `ties` lists, the policy's own rule goes before one that it inherits.
        """,
        example="""
        # nets.py
        self.head.weight = self.embedding.weight

        # policy.yaml
        rules:
          - {id: tokens, match: {module: Embedding}, init: {normal: {std: 1.0}}}
          - {id: linear, match: {module: Linear, parameter: weight}, init: {normal: {std: 0.02}}}

        nets.py:5: IA104 error embedding.weight: it is tied, and its rules disagree: as
        head.weight rule 'linear' declares N(0, 0.02), as embedding.weight rule 'tokens',
        which stands first, declares N(0, 1); put one rule for both names above them
        """,
        mend="""
        Decide which law the shared tensor has, and put one rule for all of its names
        above the others:

            - id: shared
              match: {name: [embedding.weight, head.weight]}
              init: {normal: {std: 0.02}}
        """,
    ),
    Code(
        code="IA105",
        title="rule or init call that cannot take effect",
        severity=Severity.WARNING,
        meaning="""
        The rule governs a tensor that cannot be written. The weight of a layer under
        weight_norm, spectral_norm or another parametrisation is computed from stored
        parts at every use; an init call on it, or a `mul_`, changes a temporary, and
        the layer goes on as before. A parameter of a lazy module has neither shape nor
        values yet, nor has a weight whose parametrisation raises. Where the policy is
        applied this is an error, for the model would not become what the policy
        declares; as built it is a warning.
        """,
        example="""
        # nets.py
        self.conv = weight_norm(nn.Conv1d(80, 512, 7))     # stored: weight_g and weight_v
        nn.init.normal_(self.conv.weight, std=0.01)        # has no lasting effect

        # policy.yaml
        rules:
          - {id: conv, match: {module: Conv1d, parameter: weight}, init: {normal: {std: 0.01}}}

        nets.py:9: IA105 error conv.weight: it is computed from conv.weight_g, conv.weight_v, and its
        parametrisation has no right inverse to assign it by
        """,
        mend="""
        Initialise the layer before the parametrisation is put on it, or govern the
        stored parts by rules of their own (`*.weight_g`, `*.weight_v`,
        `*.parametrizations.weight.original0`). For a lazy module, run one batch through
        the model in the factory, so that every parameter has its shape, and initialise
        after that. Where an init call, or a `mul_` or `+=`, changed a copy that nobody reads
        any more, such as a `clone()` or the rows that a list of indices picks
        (`weight[[0, 1]]`), write through a view (`weight[:2]`) or assign the result.
        """,
    ),
)
