"""Warnings of what torch's own modules take for granted, where the policy does not speak of it."""

import re
from collections.abc import Iterator

from initaudit.checks.audit import Audit
from initaudit.history import Standing
from initaudit.laws import Constant, is_random
from initaudit.phrases import boxed, places
from initaudit.policy.expectation import Expectation
from initaudit.policy.expression import PADDING
from initaudit.regions import Box, intersect, whole
from initaudit.report import Finding
from initaudit.values import Evidence, Severity

_EMBEDDINGS = frozenset({"torch.nn.modules.sparse.Embedding", "torch.nn.modules.sparse.EmbeddingBag"})
_MIXERS = frozenset(
    {
        "torch.nn.modules.linear.Linear",
        "torch.nn.modules.conv._ConvNd",
        "torch.nn.modules.rnn.RNNBase",
        "torch.nn.modules.rnn.RNNCellBase",
        "torch.nn.modules.activation.MultiheadAttention",
    }
)
_WEIGHT = re.compile(r"weight|weight_[ih]h(_l\d+(_reverse)?)?|([qkv]|in)_proj_weight")
"""How these call what mixes; a subclass adds others, such as the scale of the noise on it."""
_LSTMS = frozenset({"torch.nn.modules.rnn.LSTM", "torch.nn.modules.rnn.LSTMCell"})


def findings(audit: Audit) -> Iterator[Finding]:
    """Find padding rows that were drawn over, constants that the two biases of an LSTM both have, and equal units."""
    by_name = {expectation.parameter.name: evidence for expectation, evidence in audit.pairs()}
    for expectation, evidence in audit.pairs():
        if expectation.rule is None or not expectation.rule.unchecked:
            yield from _padding(audit, expectation, evidence)
            yield from _doubled(audit, expectation, evidence, by_name)
        if expectation.rule is None:
            yield from _equal_units(audit, expectation, evidence)


def _equal_units(audit: Audit, expectation: Expectation, evidence: Evidence) -> Iterator[Finding]:
    """Find a layer all of whose weights are one number: its units get equal gradients, and no training parts them.

    Zero is none: a layer that is to add nothing at first starts so, and what comes behind it parts its units.
    """
    parameter, values = expectation.parameter, evidence.whole
    mixes = len(parameter.shape) > 1 and min(parameter.shape[:2]) > 1 and not parameter.frozen
    site = parameter.sites[0]
    if not mixes or _MIXERS.isdisjoint(site.classes) or _WEIGHT.fullmatch(site.local) is None:
        return
    if values is None or not values.finite:
        return
    if values.minimum == values.maximum != 0 and not values.nonfinite:
        message = f"every value is {values.minimum:.4g}, so that all its units are one, and stay so: draw them"
        yield audit.finding("IA304", message, expectation=expectation, expected="draws", observed=values.minimum)


def _padding(audit: Audit, expectation: Expectation, evidence: Evidence) -> Iterator[Finding]:
    """Find an embedding whose padding row, which its constructor makes zero, was drawn with all its rows."""
    site, shape = expectation.parameter.sites[0], expectation.parameter.shape
    row = site.attributes.get(PADDING)
    if not isinstance(row, int) or site.local != "weight" or _EMBEDDINGS.isdisjoint(site.classes):
        return
    row %= shape[0]
    box: Box = ((row, row + 1), *whole(shape)[1:])
    spoken = any(clause.label is not None and intersect(clause.box, box) for clause in expectation.clauses)
    drawn = [one for one in evidence.left if intersect(one.box, box) and is_random(one.law)]
    if drawn and not spoken:
        message = (
            f"{places(shape, 0, 1, [row])} is the padding row, which is never trained: it keeps the draws that it "
            "starts with, where an embedding made by its constructor has zeros"
        )
        yield audit.finding(
            "IA207",
            message,
            expectation=expectation,
            severity=Severity.WARNING,
            location=drawn[0].write.line,
            expected=0.0,
        )


def _doubled(
    audit: Audit, expectation: Expectation, evidence: Evidence, by_name: dict[str, Evidence]
) -> Iterator[Finding]:
    """Find what is the same constant in both biases of an LSTM, which torch adds up: a forget gate of 1 and 1 is 2."""
    site = expectation.parameter.sites[0]
    if _LSTMS.isdisjoint(site.classes) or not site.local.startswith("bias_hh"):
        return
    twin = site.name.removesuffix(site.local) + site.local.replace("bias_hh", "bias_ih", 1)
    for box, value in _shared(evidence.left, by_name[twin].left if twin in by_name else ()):
        message = (
            f"{boxed(box)} is {value:g} here and in {twin}; torch adds the two biases, and the gates get {2 * value:g}"
        )
        yield audit.finding(
            "IA207", message, expectation=expectation, severity=Severity.WARNING, expected=value, observed=2 * value
        )


def _shared(one: tuple[Standing, ...], other: tuple[Standing, ...]) -> Iterator[tuple[Box, float]]:
    for first in one:
        for second in other:
            box = intersect(first.box, second.box)
            if box is not None and isinstance(first.law, Constant) and first.law == second.law and first.law.value:
                yield box, first.law.value
