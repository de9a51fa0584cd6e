"""IA207 as a warning: what torch's own modules take for granted of a part, whatever the policy says of the whole."""

from collections.abc import Iterator

from initaudit.checks.audit import Audit, is_random
from initaudit.checks.parts import places
from initaudit.checks.repeats import PADDING
from initaudit.history import Standing
from initaudit.laws import Constant
from initaudit.policy.expectation import Expectation
from initaudit.regions import Box, intersect, whole
from initaudit.report import Finding
from initaudit.values import Evidence, Severity

_EMBEDDINGS = frozenset({"torch.nn.modules.sparse.Embedding", "torch.nn.modules.sparse.EmbeddingBag"})
_LSTMS = frozenset({"torch.nn.modules.rnn.LSTM", "torch.nn.modules.rnn.LSTMCell"})


def findings(audit: Audit) -> Iterator[Finding]:
    """Find padding rows that were drawn over, and constants that the two biases of an LSTM both have."""
    by_name = {expectation.parameter.name: evidence for expectation, evidence in audit.pairs()}
    for expectation, evidence in audit.pairs():
        if expectation.rule is None or not expectation.rule.unchecked:
            yield from _padding(audit, expectation, evidence)
            yield from _doubled(audit, expectation, evidence, by_name)


def _padding(audit: Audit, expectation: Expectation, evidence: Evidence) -> Iterator[Finding]:
    """Find an embedding whose constructor made the padding row zero, and that was drawn anew with all its rows."""
    site, shape = expectation.parameter.sites[0], expectation.parameter.shape
    row = site.attributes.get(PADDING)
    if not isinstance(row, int) or site.local != "weight" or _EMBEDDINGS.isdisjoint(site.classes):
        return
    row %= shape[0]
    box: Box = ((row, row + 1), *whole(shape)[1:])
    spoken = any(clause.label is not None and intersect(clause.box, box) for clause in expectation.clauses)
    drawn = [one for one in evidence.left if intersect(one.box, box) and is_random(one.law)]
    if drawn and not spoken:
        write = drawn[0].write
        message = (
            f"{places(shape, 0, 1, [row])} is the padding row, which starts as zero and is never trained; "
            f"{write.initialiser}() drew it anew with the others"
        )
        yield audit.finding(
            "IA207", message, expectation=expectation, severity=Severity.WARNING, location=write.line, expected=0.0
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
        ((start, stop),) = box
        message = (
            f"[{start}:{stop}] is {value:g} here and in {twin}; torch adds the two biases, and the gates get "
            f"{2 * value:g}"
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
