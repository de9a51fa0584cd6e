"""Start-up of the commands that need no torch, against `import torch`.

By hand: `python tests/benchmarks/startup.py`.
"""

from timing import HERE, compare

IMPORT = ["-c", "import torch"]
PRESETS = sorted(str(path) for path in (HERE.parents[1] / "configs").glob("*.yaml"))

compare("--help", ["-m", "initaudit", "--help"], IMPORT, 10)
compare("policy lint (one file)", ["-m", "initaudit", "policy", "lint", PRESETS[0]], IMPORT, 10)
compare("policy lint (all presets)", ["-m", "initaudit", "policy", "lint", *PRESETS], IMPORT, 10)
