"""Which mistakes are found, class by class, and whether their correct twins are left alone.

Run by hand: `python tests/benchmarks/detection.py`. Every bad case of tests/cases that is judged as it was built is
audited once for each seed; it is detected where an error names what the case is about. So is its good twin, which is
flagged where any error is found. Beside it stands what a user has today, who knows the declared laws as well and asks
of each parameter whether its mean is within a tenth of the declared std, and its std within a tenth of the declared
one, of that which is declared (of a constant: both within a tenth of it).
"""

import argparse
import sys
import time
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1]))
from case import CLASSES, Case, collect, label

SLACK = 0.1
COLUMNS = ("class", "cases", "detected", "clean flagged", "±10 % detects", "±10 % flags clean")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=20, help="how many builds of each case")
    parser.add_argument("names", nargs="*", help="only these cases")
    options = parser.parse_args()
    start = time.monotonic()
    table: dict[str, Counter[str]] = defaultdict(Counter)
    misses: Counter[str] = Counter()
    collected = {(case.good, case.folder.name): case for case in collect()}
    chosen = [case for case in collected.values() if not options.names or case.folder.name in options.names]
    tried = [case for case in chosen if "as-built" in case.modes]
    with ProcessPoolExecutor() as pool:
        for case, runs in zip(tried, pool.map(audits, tried, [options.seeds] * len(tried)), strict=True):
            bad = collected.get((False, case.folder.name))
            kind = bad.settings["class"] if bad is not None else "control"
            side = "clean" if case.good else "bad"
            table[kind]["cases"] += not case.good or bad is None
            for found, by_hand in runs:
                table[kind].update({f"{side} runs": 1, f"{side} found": found, f"{side} by hand": by_hand})
            wrong = sum(found is case.good for found, _ in runs)
            if wrong:
                misses[f"{'false alarm' if case.good else 'missed'}: {label(case)}"] = wrong
    show(table)
    for what, times in sorted(misses.items()):
        print(f"{what} ({times} of {options.seeds} seeds)")
    print(f"{time.monotonic() - start:.0f} s")
    return 1 if misses else 0


def audits(case: Case, seeds: int) -> list[tuple[bool, bool]]:
    """Audit a case once for each seed; say each time whether it is told wrong, by errors and by a user of today."""
    about = {name for _, name in case.expected["findings"]}
    runs = [judged(case, seed) for seed in range(seeds)]
    return [
        (bool(one if case.good else about & one), bool(other if case.good else about & other)) for one, other in runs
    ]


def judged(case: Case, seed: int) -> tuple[set[str], set[str]]:
    """Audit a case as it was built; give what errors are about, and what a user of today would see to be off."""
    report = case.report("as-built", "--seed", str(seed))
    found = {one["parameter"] or one["rule"] for one in report["findings"] if one["severity"] == "error"}
    return found, {row["name"] for row in report["parameters"] if off_by_hand(row)}


def off_by_hand(row: dict[str, Any]) -> bool:
    """Say what `abs(w.std() / std - 1) < 0.1 and abs(w.mean() - mean) < 0.1 * std` says of a parameter."""
    expected, measured = row["expected"], row["measured"]
    if expected is None or measured is None or expected["mean"] is None or expected["std"] is None:
        return False
    if measured["nonfinite"]:  # generous: memory that nobody wrote is NaN on some days only
        return True
    slack = SLACK * (expected["std"] or abs(expected["mean"]))
    off = abs(measured["mean"] - expected["mean"]), abs((measured["std"] or 0.0) - expected["std"])
    return max(off[:1] if measured["std"] is None else off) > slack


def show(table: dict[str, Counter[str]]) -> None:
    total: Counter[str] = sum(table.values(), Counter())
    width = max(len(kind) for kind in table) + 1
    print(f"{COLUMNS[0]:{width}}", *(f"{title:>18}" for title in COLUMNS[1:]))
    for kind, counts in [
        *((kind, table[kind]) for kind in (*CLASSES, "control") if kind in table),
        ("all", total),
    ]:
        figures = [
            str(counts["cases"]),
            *(
                f"{counts[f'{side} {what}']}/{counts[f'{side} runs']}"
                for what in ("found", "by hand")
                for side in ("bad", "clean")
            ),
        ]
        print(f"{kind:{width}}", *(f"{figure:>18}" for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
