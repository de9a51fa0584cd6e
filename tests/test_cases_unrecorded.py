"""A recording changes what is known of a model, not what is wrong with it: the same parameters fail without one."""

import pytest
from case import Case, collect, label

KNOWN_BY_RECORDING = {"IA302", "IA306", "IA501", "IA502"}
"""What only a recording can tell."""
KNOWN_BY_DRAWS = {"same-projections"}
"""Cases of equal buffers: that nothing but a seed made them so is told by their draws alone."""

LARGE = {"preset-bert-base", "preset-gpt2-small", "preset-vit-base", "preset-resnet-full-width"}
"""Models of their full size, which take long to build for real; small ones of the same kind stand for them."""


@pytest.mark.parametrize(
    "case",
    [one for one in collect() if "as-built" in one.modes and one.folder.name not in LARGE],
    ids=label,
)
def test_same_parameters_fail_without_a_recording(case: Case) -> None:
    findings = case.report("as-built", "--no-record")["findings"]
    told = {one["parameter"] or one["rule"] for one in findings if judged(one["code"], one["severity"])}
    expected = [] if case.folder.name in KNOWN_BY_DRAWS else case.expected["findings"]
    assert told == {about for code, about in expected if judged(code)}


def judged(code: str, severity: str = "error") -> bool:
    return severity != "note" and code not in KNOWN_BY_RECORDING
