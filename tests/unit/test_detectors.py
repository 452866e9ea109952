"""The detectors of tests/conftest.py, tested: each kind of litter fails the test that leaves it, and only that one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

SUITE = '''
"""A suite in which most tests litter."""
import logging, os, subprocess, threading
from pathlib import Path
import pytest
from desktop_app.library.database import Database

KEPT = []

def test_thread():
    """Leaves a thread."""
    done = threading.Event()
    KEPT.append(done)
    threading.Thread(target=done.wait, name="left-behind", daemon=True).start()

def test_process():
    """Leaves a process."""
    KEPT.append(subprocess.Popen(["sleep", "60"]))

def test_database(tmp_path):
    """Leaves a database."""
    KEPT.append(Database.open(tmp_path / "l.kibitz"))

def test_log():
    """Logs a warning."""
    logging.getLogger("desktop_app.x").warning("uncalled for")

@pytest.mark.expects_log
def test_expected_log_is_fine():
    """Logs a warning, and says so."""
    logging.getLogger("desktop_app.x").warning("as expected")

def test_caplog_is_fine(caplog):
    """Reads the log itself."""
    logging.getLogger("desktop_app.x").warning("as expected")
    assert caplog.records

def test_fresh_home_is_fine():
    """Has a home of its own."""
    assert "home" in Path.home().name and not list(Path.home().iterdir())
    assert not [name for name in os.environ if name.startswith("KIBITZ_") and name != "KIBITZ_CORPUS"]

@pytest.mark.corpus
def test_corpus_is_skipped():
    """Needs games that are not there."""
    raise AssertionError

def teardown_module():
    """Clean up for real."""
    for thing in KEPT:
        if isinstance(thing, threading.Event):
            thing.set()
        elif isinstance(thing, subprocess.Popen):
            thing.kill()
            thing.wait()
'''


def test_litter_fails_the_test_that_leaves_it(tmp_path: Path) -> None:
    """Threads, processes, databases and unexpected warnings are found; what is allowed passes."""
    conftest = (ROOT / "tests" / "conftest.py").read_text(encoding="utf-8")
    impatient, found = re.subn(r"^GRACE_S = .*$", "GRACE_S = 3.0", conftest, flags=re.MULTILINE)
    assert found == 1
    (tmp_path / "conftest.py").write_text(impatient, encoding="utf-8")
    (tmp_path / "test_litter.py").write_text(SUITE)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n  corpus\n  expects_log\n")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-rA",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(tmp_path),
        str(tmp_path),
    ]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=90, check=False, env=_environment_without_corpus()
    )
    errors = set(re.findall(r"^ERROR \S+::(\w+)", done.stdout, re.MULTILINE))
    assert errors == {"test_thread", "test_process", "test_database", "test_log"}, done.stdout
    for words in ("left-behind", "sleep 60", "l.kibitz", "uncalled for", "KIBITZ_CORPUS does not name"):
        assert words in done.stdout
    assert "7 passed, 1 skipped, 4 errors" in done.stdout


def _environment_without_corpus() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "KIBITZ_CORPUS"} | {"PYTHONPATH": str(ROOT)}
