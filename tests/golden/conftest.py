"""One fixed report whose every text is hostile: what a format makes of it is kept in a file beside this one."""

import math

import pytest

from initaudit.history import Location
from initaudit.report import Detectable, Expected, Finding, Part, Report, Row, Write
from initaudit.values import Kind, Mode, Moments, Outcome, Severity

ANSI = "\x1b[31mred\x1b[0m"
BIDI = "\u202egnp.exe\u202c"
MARKUP = "[bold red]x[/bold red]"
SCRIPT = "<script>alert('&')</script>]]>"
LETTERS = "größe.重み.ширина"
CONTROLS = "a\nb\r\tc\x00\x07\x7f\x9b"
LONE = "lone\ud800surrogate"
PLACE = Location(path=f"nets/{ANSI}/{SCRIPT}.py", line=12)
NORMAL = Expected(law=f"N(0, 0.02) {MARKUP}", mean=0.0, std=0.02, low=None, high=None)
MOMENTS = Moments(count=4096, mean=-3.1e-5, m2=1.638, minimum=-0.0712, maximum=0.0689, zeros=0)

WRITE = Write(initialiser=ANSI, arguments=(("std", 0.02), (BIDI, CONTROLS)), location=PLACE)


def _row(name: str, **changes: object) -> Row:
    facts: dict[str, object] = {
        "name": name,
        "shape": (64, 64),
        "dtype": "float32",
        "kind": Kind.PARAMETER,
        "module": name.rpartition(".")[0],
        "module_type": f"pkg.{SCRIPT}.Linear",
        "outcome": Outcome.PASS,
        "rule": MARKUP,
        "expected": NORMAL,
        "measured": MOMENTS,
    }
    return Row(**facts | changes)  # type: ignore[arg-type]


ROWS = (
    _row(
        f"{MARKUP}.weight",
        writes=(Write(initialiser=ANSI, arguments=(("std", 0.02), (BIDI, CONTROLS)), location=PLACE),),
    ),
    _row(f"{SCRIPT}.weight", outcome=Outcome.FAIL),
    _row(f"{ANSI}.weight", rule=ANSI, detectable=Detectable(mean=1e-4, std=None)),
    _row(f"{LETTERS}.weight", tied_to=(f"{BIDI}.weight",), dtype="bfloat16"),
    _row(f"{CONTROLS}.bias", shape=(), outcome=Outcome.SKIP, expected=None, measured=None, reason=CONTROLS),
    _row(f"{LONE}.weight", parts=(Part(label=BIDI, expected=NORMAL, measured=MOMENTS, outcome=Outcome.FAIL),)),
    _row(
        f"{BIDI}.running_mean",
        kind=Kind.BUFFER,
        outcome=Outcome.FAIL,
        rule=None,
        expected=None,
        measured=Moments(count=4, mean=0.0, m2=0.0, minimum=math.inf, maximum=-math.inf, zeros=0, nonfinite=4),
    ),
)
FINDINGS = (
    Finding(code="IA102", severity=Severity.ERROR, message=f"rule {ANSI} matches no parameter", rule=MARKUP),
    Finding(
        code="IA202",
        severity=Severity.ERROR,
        message=f"std 0.04 where {SCRIPT} has 0.02 {CONTROLS}",
        parameter=f"{SCRIPT}.weight",
        rule=MARKUP,
        location=PLACE,
        expected=0.02,
        observed=math.inf,
        band=(0.019, math.inf),
    ),
    Finding(code="IA303", severity=Severity.ERROR, message=BIDI, parameter=f"{BIDI}.running_mean", observed=math.nan),
    Finding(code="IA105", severity=Severity.WARNING, message=LONE, parameter=f"{LETTERS}.weight"),
    Finding(code="IA202", severity=Severity.NOTE, message=f"as built: {ANSI}", parameter=f"{ANSI}.weight"),
    Finding(code="IA404", severity=Severity.ERROR, message=f"no parameter named {MARKUP}"),
)


@pytest.fixture(scope="session")
def hostile() -> Report:
    return Report(
        target=f"{ANSI}.py:{BIDI}",
        policy=f"{SCRIPT}.yaml",
        mode=Mode.APPLY,
        device="cpu",
        dtype="float32",
        seed=0,
        rows=ROWS,
        findings=FINDINGS,
    )
