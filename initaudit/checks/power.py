"""Whether the tests of a rule can see anything: so few values may follow almost any law."""

import math
from collections.abc import Iterator
from itertools import groupby

from initaudit.checks.audit import Audit
from initaudit.checks.region import regions
from initaudit.laws import is_random
from initaudit.policy.schema import Rule
from initaudit.report import Finding
from initaudit.values import Mode, Severity

POOR = 0.25
"""A relative error of the std that a rule should see in some of its tensors."""


def findings(audit: Audit) -> Iterator[Finding]:
    """Note, once for each rule, that its tensors are too small for any test; what was recorded needs none."""
    if audit.mode is not Mode.AS_BUILT or audit.policy is None:
        return
    reaches = sorted(_reaches(audit), key=lambda one: one[0].id)
    for _, group in groupby(reaches, key=lambda one: one[0].id):
        members = list(group)
        rule, reach, _ = min(members, key=lambda one: one[1])
        most = max(count for _, _, count in members)
        if POOR < reach < math.inf:
            message = (
                f"its random tensors have {most:,} values at most, and nothing recorded their init: an error of the "
                f"std shows from {100 * reach:.0f} % on"
            )
            yield audit.finding("IA202", message, severity=Severity.NOTE, rule=rule)


def _reaches(audit: Audit) -> Iterator[tuple[Rule, float, int]]:
    """Give the least error of the std that each random region shows, relative to it, and its size."""
    for expectation, evidence in audit.pairs():
        for region in regions(audit, expectation, evidence):
            law, rule, count = region.clause.law, expectation.rule, region.moments.finite
            if rule is None or law is None or not is_random(law) or not law.std or not count:
                continue
            known, limits = region.differences is not None, region.bands
            band = limits.std if limits is not None else None
            yield rule, 0.0 if known else math.inf if band is None else band.high / law.std - 1, count
