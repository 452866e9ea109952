"""Rules of the code base that a machine checks: who imports whom, sizes, forbidden calls, documented commands."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from desktop_app.cli.commands import COMMANDS
from desktop_app.cli.parser import command_parser

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = sorted((ROOT / "desktop_app").rglob("*.py"))
EVERYTHING = sorted([*PRODUCT, *(ROOT / "tests").rglob("*.py"), *(ROOT / "packaging").rglob("*.py")])

MOST_LINES = 600
MOST_FUNCTION_LINES = 50
"""Without the docstring. Review starts at 40; this is where the test run stops."""

FORBIDDEN = {
    # The spelling `processEvents` whatever object it is called on: Qt has many, and ruff's ban names some.
    r"\.processEvents\b": "slots return at once; never re-enter the event loop",
    r"\btime\.sleep\b|from time import .*\bsleep\b": "wait for an event with a deadline instead",
    r"\bunittest\.mock\b": "write a fake; patching Qt methods with mocks crashes",
    r"(?i)\bxxx\b|\bfixme\b": "file an issue",
}

BANNED_NAMES = re.compile(r"(?i)^(utils?|helpers?|common|managers?|misc)$")
BANNED_CLASS = re.compile(r"Manager$|Utils?$|Helpers?$")


def _short(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.skipif(importlib.util.find_spec("importlinter") is None, reason="import-linter is a tool of `make check`")
def test_import_contracts_hold() -> None:
    """Arrows between packages point down only; Qt, SQL and the worker half keep to their places."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_forbidden_calls() -> None:
    """No sleeping, no re-entered event loop, anywhere in product or tests."""
    found = [
        f"{_short(path)}:{number}: {advice}"
        for path in EVERYTHING
        if path != Path(__file__).resolve()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for pattern, advice in FORBIDDEN.items()
        if re.search(pattern, line)
    ]
    assert not found, "\n".join(found)


def test_modules_stay_small() -> None:
    """No module grows beyond what one can read at a sitting."""
    found = {
        _short(path): lines
        for path in EVERYTHING
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > MOST_LINES
    }
    assert not found


def _code_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    said = node.body[0] if ast.get_docstring(node) else None
    docstring = (said.end_lineno or said.lineno) - said.lineno + 1 if said else 0
    return (node.end_lineno or node.lineno) - node.lineno + 1 - docstring


def test_functions_stay_small() -> None:
    """No function grows beyond a screen."""
    found = [
        f"{_short(path)}:{node.lineno} {node.name}: {length} lines"
        for path in PRODUCT
        if "migrations" not in path.parts  # tables, written once
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := _code_lines(node)) > MOST_FUNCTION_LINES
    ]
    assert not found, "\n".join(found)


def test_every_module_says_what_it_is_for() -> None:
    """Each module that holds code begins with a docstring."""
    found = [
        _short(path)
        for path in PRODUCT
        if (tree := ast.parse(path.read_text(encoding="utf-8"))).body and not ast.get_docstring(tree)
    ]
    assert not found


def test_names_have_a_meaning() -> None:
    """No module called utils or common, no class called SomethingManager."""
    modules = [_short(path) for path in PRODUCT if BANNED_NAMES.match(path.stem)]
    classes = [
        f"{_short(path)}: {node.name}"
        for path in PRODUCT
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and BANNED_CLASS.search(node.name)
    ]
    assert not modules + classes


def test_every_test_states_its_promise() -> None:
    """Each test function has a docstring."""
    found = [
        f"{_short(path)}:{node.lineno} {node.name}"
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not ast.get_docstring(node)
    ]
    assert not found, "\n".join(found)


# What extras bring (Celery, FastAPI, the client's HTTP) is not installed where the core is tested without Qt.
EXTRAS = {"worker": "celery", "server": "fastapi", "remote": "httpx"}
ABSENT = {package for package, needs in EXTRAS.items() if importlib.util.find_spec(needs) is None}
HEADLESS_MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in PRODUCT
    if not ({"ui", "bench", "migrations"} | ABSENT) & set(path.relative_to(ROOT).parts)
)


def test_the_core_never_loads_qt() -> None:
    """Every module outside `ui` and `bench`, imported together, leaves Qt unloaded: proof for indirect imports too."""
    program = (
        "import importlib, sys\n"
        f"for name in {HEADLESS_MODULES!r}: importlib.import_module(name)\n"
        "print(sorted(name for name in sys.modules if name.split('.')[0] in {'PySide6', 'shiboken6', 'qasync'}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def test_the_worker_half_never_loads_sql() -> None:
    """Analysis, engine and PGN load without SQLAlchemy: they run where only python-chess is installed."""
    names = [name for name in HEADLESS_MODULES if name.split(".")[1:2] and name.split(".")[1] in {"analysis", "engine"}]
    program = (
        "import importlib, sys\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'sqlalchemy', 'alembic', 'sqlite3'}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_and_option_is_documented(name: str) -> None:
    """The README tells of each command and each of its options."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"kibitz {name}" in readme
    for action in command_parser(name)._actions:
        for option in action.option_strings:
            if option.startswith("--") and option not in {"--help", "--output"}:
                assert option in readme, f"kibitz {name} {option}"


def test_the_locks_name_no_registry_and_hash_everything() -> None:
    """Lock files hold versions and hashes only, and keep out the PySide6 that corrupts memory."""
    for name in ("requirements", "requirements-headless", "requirements-worker", "requirements-server"):
        text = (ROOT / f"{name}.lock").read_text(encoding="utf-8")
        assert "://" not in text
        wanted = re.findall(r"^[a-z0-9][^\n]*(?:\n    [^\n]*)*", text, re.MULTILINE)
        assert wanted
        assert all("--hash=sha256:" in block for block in wanted)
        assert "pyside6==" not in text.lower()
        assert name == "requirements" or "pyside6" not in text.lower()
    headless = (ROOT / "requirements-headless.lock").read_text(encoding="utf-8").lower()
    assert "pyside6" not in headless
    (version,) = re.findall(
        r"^pyside6-essentials==(\d+)\.(\d+)", (ROOT / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert tuple(map(int, version)) < (6, 12)


def test_every_resource_is_in_the_wheel() -> None:
    """What is added to resources is also installed, not only found in the source tree."""
    shipped = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["data-files"]
    patterns = [pattern for group in shipped.values() for pattern in group]
    there = {path for path in (ROOT / "resources").rglob("*") if path.is_file()}
    assert there == {path for pattern in patterns for path in ROOT.glob(pattern)}
