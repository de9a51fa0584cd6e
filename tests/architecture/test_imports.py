"""Who may import whom, read from the source itself; and what a bare import leaves unloaded."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import initaudit

ROOT = Path(initaudit.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

HOMES = {  # package: where any of its imports may stand
    "torch": (
        "model/",
        "evidence/",
        "examples/",
        "auditor.py",
        "rebuilding.py",
        "scoring.py",
        "signalling.py",
    ),
    "rich": ("reports/table.py", "cli/progress.py"),
    "yaml": ("policy/yaml12.py", "policy/yaml_errors.py", "policy/writing.py"),
    "click": ("cli/",),
    "jinja2": ("reports/html/",),
    "markupsafe": ("reports/html/",),
    "pydantic": ("policy/",),
    "pydantic_core": ("policy/",),
    "safetensors": ("model/",),
    "numpy": (),
}
AT_MODULE_LEVEL = {**HOMES, "torch": ("model/", "evidence/", "examples/"), "safetensors": ()}
LAYERS = (  # each may import those after it, never those before it
    ("cli/",),
    ("auditor.py", "applying.py", "scoring.py", "signalling.py"),
    ("rebuilding.py",),
    ("gathering.py",),
    ("rows.py",),
    ("reports/",),
    ("checks/",),
    ("evidence/",),
    ("model/",),
    ("signal/",),
    ("request.py",),
    ("policy/",),
    ("chance/extremes.py",),
    ("chance/quantiles.py", "chance/sampling.py", "chance/spreads.py"),
    ("chance/tails.py",),
    (
        "initialisers.py",
        "laws.py",
        "fans.py",
        "regions.py",
        "phrases.py",
        "chance/",
        "history.py",
        "values.py",
        "report.py",
        "scorecard.py",
        "replacing.py",
        "raised.py",
        "errors.py",
        "progress.py",
    ),
)


UPWARD = {("report.py", "reports.json.render")}  # `Report.to_json` is public, and imports when it is called


def place(file: Path, root: Path = ROOT) -> str:
    return file.relative_to(root).as_posix()


def imports(source: str, *, nested: bool) -> Iterator[str]:
    """Give the dotted names that a source imports; those for type checkers alone are left out."""
    todo: list[ast.AST] = [ast.parse(source)]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            todo.extend(node.orelse)
        elif nested or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            todo.extend(ast.iter_child_nodes(node))


def strangers(source: str, where: str, homes: dict[str, tuple[str, ...]], *, nested: bool) -> list[str]:
    """Give the packages that a file at some place may not import."""
    packages = {name.partition(".")[0] for name in imports(source, nested=nested)}
    return sorted(name for name in packages & set(homes) if not where.startswith(homes[name] or ("nowhere",)))


def layer(where: str) -> int | None:
    return next((rank for rank, homes in enumerate(LAYERS) if where.startswith(homes)), None)


def module(name: str) -> str:
    """Give the file or folder that a dotted name is in; what is in none is the package's own."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        path = "/".join(parts[:count])
        if (ROOT / f"{path}.py").is_file():
            return f"{path}.py"
        if (ROOT / path).is_dir():
            return f"{path}/"
    return "__init__.py"


def climbing(source: str, where: str) -> list[str]:
    """Give the imports of this package that go up, from a lower layer to a higher one."""
    own = layer(where)
    if own is None:
        return []
    named = [name.removeprefix("initaudit.") for name in imports(source, nested=True) if name.startswith("initaudit.")]
    found = []
    for name in named:
        rank = layer(module(name))
        if rank is not None and rank < own and (where, name) not in UPWARD:
            found.append(name)
    return sorted(found)


@pytest.mark.parametrize("file", FILES, ids=place)
def test_heavy_packages_are_imported_where_they_belong(file: Path) -> None:
    source = file.read_text(encoding="utf-8")
    assert strangers(source, place(file), HOMES, nested=True) == []
    assert strangers(source, place(file), AT_MODULE_LEVEL, nested=False) == []


@pytest.mark.parametrize("file", FILES, ids=place)
def test_no_layer_imports_one_above_it(file: Path) -> None:
    assert climbing(file.read_text(encoding="utf-8"), place(file)) == []


def test_every_file_has_its_layer() -> None:
    without = [place(file) for file in FILES if layer(place(file)) is None]
    assert [name for name in without if not name.startswith("examples/")] == ["__init__.py", "__main__.py"]


@pytest.mark.parametrize("package", HOMES)
def test_every_home_of_a_package_is_one(package: str) -> None:
    used = [place(one) for one in FILES if strangers(one.read_text(encoding="utf-8"), "", {package: ()}, nested=True)]
    assert [home for home in HOMES[package] if not any(one.startswith(home) for one in used)] == []


def test_rules_of_import_can_be_broken() -> None:
    late = "def draw():\n    import torch.nn\n"
    assert strangers(late, "checks/x.py", HOMES, nested=True) == ["torch"]
    assert strangers(late, "auditor.py", HOMES, nested=True) == []
    assert strangers(late, "auditor.py", AT_MODULE_LEVEL, nested=False) == []
    assert strangers("if x:\n    from torch import nn\n", "auditor.py", AT_MODULE_LEVEL, nested=False) == ["torch"]
    assert strangers("class A:\n    import yaml, rich\n", "cli/x.py", HOMES, nested=True) == ["rich", "yaml"]
    assert strangers("if TYPE_CHECKING:\n    import torch\n", "values.py", HOMES, nested=True) == []
    assert climbing("from initaudit.evidence import moments", "laws.py") == ["evidence.moments"]
    assert climbing("def f():\n    import initaudit.auditor", "checks/x.py") == ["auditor"]
    assert climbing("from initaudit.laws import Law", "checks/x.py") == []
    assert climbing("from initaudit.chance import extremes", "chance/quantiles.py") == ["chance.extremes"]
    assert climbing("from initaudit.chance.quantiles import departure", "laws.py") == ["chance.quantiles.departure"]
    assert climbing("from initaudit.chance.tails import x", "chance/quantiles.py") == []


def loaded_after(statement: str, *packages: str) -> list[str]:
    script = f"{statement}\nimport sys\nprint(*sorted(set({packages!r}) & set(sys.modules)))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT.parent)}
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment)
    return found.stdout.split()


HEAVY = ("torch", "numpy", "pydantic", "yaml", "rich", "click", "jinja2")


def test_bare_import_loads_nothing_heavy() -> None:
    assert loaded_after("import initaudit; dir(initaudit)", *HEAVY) == []


def test_reports_and_laws_load_nothing_heavy() -> None:
    statement = (
        "import initaudit.report, initaudit.laws, initaudit.initialisers, initaudit.chance.sampling, initaudit.reports"
    )
    assert loaded_after(statement, *HEAVY) == []


def test_policies_and_checks_load_no_torch() -> None:
    statement = (
        "import initaudit; initaudit.load_policy('torch-default'); import initaudit.checks.registry, initaudit.rows"
    )
    assert loaded_after(statement, "torch", "rich", "click") == []


def test_what_is_loaded_can_be_told() -> None:
    assert loaded_after("import initaudit.policy.reader", *HEAVY) == ["pydantic", "yaml"]
