"""Importing: what reaches the library, what the receipt says, and that nothing is lost or left behind."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from desktop_app.domain.filters import GameQuery
from desktop_app.domain.receipt import ProblemKind, Receipt
from desktop_app.domain.rows import BatchState
from desktop_app.library.library import Library
from desktop_app.services.import_games import import_sources, import_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from desktop_app.services.changes import Changes

GAME = '[Event "E"]\n[White "W{0}"]\n[Black "B"]\n[Result "1-0"]\n\n1. e4 e5 {{{1}}} 2. Nf3 Nc6 1-0\n\n'


def games(count: int, *, filler: int = 10) -> str:
    """So many different games."""
    return "".join(GAME.format(number, "x" * filler) for number in range(count))


def check(receipt: Receipt, library: Library) -> dict[str, Any]:
    """The receipt adds up, accounts for every byte, and agrees with what the library remembers of it."""
    shape = receipt.to_json()
    assert shape["read"] == shape["imported"] + shape["duplicates"] + shape["rejected"]
    assert shape["bytes_unaccounted"] == 0
    assert receipt.batch_id is not None
    batch = library.imports.get(receipt.batch_id)
    assert (batch.read, batch.imported, batch.duplicates, batch.rejected, batch.repaired) == (
        receipt.read,
        receipt.imported,
        receipt.duplicates,
        receipt.rejected,
        receipt.repaired,
    )
    assert len(library.imports.problems(receipt.batch_id)) == len(receipt.problems) + receipt.problems_omitted
    return shape


class _Stop:
    """A token that stops once told to."""

    def __init__(self) -> None:
        self.stopped = False

    def cancelled(self) -> bool:
        """Whether to stop."""
        return self.stopped


class _Progress:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.heard: list[tuple[int, int, str]] = []

    def progress(self, done: int, total: int, text: str) -> None:
        """Take note."""
        self.heard.append((done, total, text))


@pytest.mark.parametrize("workers", [0, 2])
def test_games_reach_the_library_with_a_receipt(library: Library, tmp_path: Path, workers: int) -> None:
    """Counts, openings, changes, progress and the batch agree; importing again adds nothing."""
    path = tmp_path / "my games.pgn"
    path.write_text(games(600), encoding="utf-8")
    heard: list[Changes] = []
    progress = _Progress()
    receipt = import_sources(library, [path], progress=progress, workers=workers, on_changes=heard.append)
    assert check(receipt, library)["imported"] == 600
    assert receipt.problems == ()
    assert library.games.count(GameQuery()) == 600
    assert sum(len(change.games) for change in heard) == 600
    assert all(change.added for change in heard)
    assert progress.heard[-1][0] == progress.heard[-1][1] == path.stat().st_size
    assert [done for done, _, _ in progress.heard] == sorted(done for done, _, _ in progress.heard)
    row = library.games.page(GameQuery(), 0, 1)[0]
    assert row.eco.startswith("C4")
    assert library.imports.get(receipt.batch_id or 0).state is BatchState.DONE
    again = import_sources(library, [path], workers=0)
    assert (again.read, again.imported, again.duplicates) == (600, 0, 600)
    check(again, library)


def test_problems_say_which_game_where(library: Library, tmp_path: Path) -> None:
    """Index, line and offset are those of the source, whatever block it fell in; the text is in the library."""
    good = games(700, filler=2000)
    text = good + '[Event "Bad"]\n[White "Villain"]\n\n1. e5 *\n\nstray words\n\n' + games(3).replace("B", "C")
    path = tmp_path / "a.pgn"
    path.write_text(text, encoding="utf-8")
    receipt = import_sources(library, [path], workers=2)
    check(receipt, library)
    bad, stray = receipt.problems
    place = text.index('[Event "Bad"]')
    assert (bad.game_index, bad.kind, bad.byte_offset) == (700, ProblemKind.REJECTED, place)
    assert bad.line == 1 + text.count("\n", 0, place)
    assert bad.headers["White"] == "Villain"
    assert bad.source == str(path)
    assert (stray.game_index, stray.byte_offset) == (None, text.index("stray words"))
    assert receipt.read == 704
    assert receipt.rejected == 1
    stored = library.imports.problems(receipt.batch_id or 0)
    assert "1. e5 *" in stored[0].text


def test_processes_and_in_process_reading_give_the_same_receipt(library: Library, tmp_path: Path) -> None:
    """The path taken never shows in the result."""
    text = games(300, filler=3000) + "junk\n\n1. e4 e5 2. Ke4 *\n\n" + '[White "x"]\n\n1. d4 {oh\n\n' + games(300)
    (tmp_path / "a.pgn").write_text(text, encoding="utf-8")
    (tmp_path / "b.pgn.gz").write_bytes(gzip.compress(games(50).encode()))
    first = check(import_sources(library, [tmp_path], workers=0), library)
    second = check(import_sources(library, [tmp_path], workers=3), library)
    assert second["duplicates"] == first["imported"] + first["duplicates"]
    for name in ("read", "rejected", "repaired", "problems"):
        assert first[name] == second[name]


BAD_SOURCES = {
    "empty.pgn": (b"", "is empty"),
    "blank.pgn": (b"\n \r\n\0\0", "is empty"),
    "binary.pgn": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" * 50, "binary"),
    "prose.pgn": (b"Dear diary,\n\nno chess today.\n", "holds no game"),
    "broken.zip": (b"PK\x03\x04", "cannot be read"),
    "cut.pgn.gz": (gzip.compress(os.urandom(3000))[:-1000], "cut short"),
}


@pytest.mark.parametrize("name", BAD_SOURCES)
def test_a_source_without_games_is_one_problem_outside_the_count(library: Library, tmp_path: Path, name: str) -> None:
    """One problem with no game index, a sentence that names the file; the sources beside it are imported."""
    content, word = BAD_SOURCES[name]
    (tmp_path / name).write_bytes(content)
    (tmp_path / "z good.pgn").write_text(games(2), encoding="utf-8")
    receipt = import_sources(library, [tmp_path / name, tmp_path / "z good.pgn"], workers=0)
    check(receipt, library)
    assert (receipt.read, receipt.imported) == (2, 2)
    (problem,) = receipt.problems
    assert problem.game_index is None
    assert word in problem.reason
    assert name in problem.reason


def test_a_missing_path_is_a_problem_not_an_exception(library: Library, tmp_path: Path) -> None:
    """The rest is imported; the receipt names what is missing."""
    (tmp_path / "a.pgn").write_text(games(1), encoding="utf-8")
    receipt = import_sources(library, [tmp_path / "nowhere.pgn", tmp_path / "a.pgn"], workers=0)
    assert check(receipt, library)["imported"] == 1
    assert "nowhere.pgn cannot be read" in receipt.problems[0].reason


def test_a_truncated_archive_keeps_what_is_readable(library: Library, tmp_path: Path) -> None:
    """Games before the damage are imported; the damage is told once, and bytes still add up."""
    text = "".join(GAME.format(number, os.urandom(40).hex()) for number in range(400))
    data = gzip.compress(text.encode())
    (tmp_path / "a.pgn.gz").write_bytes(data[: len(data) * 2 // 3])
    receipt = import_sources(library, [tmp_path / "a.pgn.gz"], workers=0)
    check(receipt, library)
    assert 150 < receipt.imported < 400
    assert "cut short" in receipt.problems[-1].reason
    assert receipt.problems[-1].game_index is None


def test_another_encoding_is_told_once_a_source(library: Library, tmp_path: Path) -> None:
    """Windows-1252 names arrive right; the receipt says how they were read, once, not once a game."""
    (tmp_path / "a.pgn").write_bytes(games(20).replace("W1", "Müller €1").encode("cp1252"))
    receipt = import_sources(library, [tmp_path / "a.pgn"], workers=0)
    check(receipt, library)
    assert [problem.kind for problem in receipt.problems] == [ProblemKind.REPAIRED]
    assert "cp1252" in receipt.problems[0].reason
    assert "Müller €1" in {row.white for row in library.games.page(GameQuery(), 0, 100)}


def test_pasted_text_and_standard_input_are_sources(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pasted text goes under the name it is given; "-" reads standard input, compressed or not."""
    receipt = import_text(library, games(2) + "1. e5", "clipboard")
    assert check(receipt, library)["imported"] == 2
    assert receipt.problems[0].source == "clipboard"
    piped = gzip.compress(games(4).encode())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(piped)))
    receipt = import_sources(library, ["-"], workers=0)
    assert (receipt.imported, receipt.duplicates) == (2, 2)
    assert library.imports.get(receipt.batch_id or 0).source == "-"


@pytest.mark.skipif(sys.platform == "win32", reason="pipes there have no paths")
def test_a_pipe_is_a_source(library: Library) -> None:
    """As a shell's `<(...)` gives it: read to its end, compressed or not."""
    read, write = os.pipe()
    with os.fdopen(write, "wb") as pipe:
        pipe.write(gzip.compress(games(3).encode()))
    try:
        receipt = import_sources(library, [f"/dev/fd/{read}"], workers=0)
    finally:
        os.close(read)
    assert check(receipt, library)["imported"] == 3


@pytest.mark.skipif(sys.platform != "linux", reason="names there are text, not bytes")
def test_names_that_are_not_utf_8_can_be_imported(library: Library, tmp_path: Path) -> None:
    """The receipt names the file in text; nothing fails over its bytes."""
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.pgn")
    with open(path, "w") as file:  # noqa: PTH123 - the name is bytes
        file.write(games(2) + "1. e5 *")
    shape = check(import_sources(library, [path], workers=0), library)
    assert shape["imported"] == 2
    assert json.dumps(shape, ensure_ascii=False).encode()


@pytest.mark.parametrize("workers", [0, 2])
def test_cancelling_keeps_what_was_committed(library: Library, tmp_path: Path, workers: int) -> None:
    """The receipt counts what is in the library, says it was cancelled, and no process stays."""
    (tmp_path / "a.pgn").write_text(games(12_000, filler=1000), encoding="utf-8")
    stop = _Stop()

    def first_commit(_: Changes) -> None:
        stop.stopped = True

    receipt = import_sources(library, [tmp_path], cancel=stop, workers=workers, on_changes=first_commit)
    check(receipt, library)
    assert receipt.cancelled
    assert 0 < receipt.imported < 12_000
    assert library.games.count(GameQuery()) == receipt.imported
    assert library.imports.get(receipt.batch_id or 0).state is BatchState.CANCELLED
    rest = import_sources(library, [tmp_path], workers=0)
    assert rest.imported == 12_000 - receipt.imported


def test_a_killed_parser_loses_nothing(library: Library, tmp_path: Path) -> None:
    """Killed with -9 in the middle, a reading process is replaced: every game arrives, once."""
    (tmp_path / "a.pgn").write_text(games(9000, filler=1000), encoding="utf-8")
    killed: list[int] = []

    def kill_one(_: Changes) -> None:
        for child in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):  # one that has just ended by itself
                if not killed and "spawn_main" in " ".join(child.cmdline()):
                    killed.append(child.pid)
                    os.kill(child.pid, signal.SIGKILL)

    receipt = import_sources(library, [tmp_path], workers=2, on_changes=kill_one)
    assert killed
    assert check(receipt, library)["imported"] == 9000
    assert receipt.problems == ()


def test_a_failing_caller_leaves_no_process_and_an_honest_batch(library: Library, tmp_path: Path) -> None:
    """An exception in the middle travels on; the batch is marked interrupted with true counts."""
    (tmp_path / "a.pgn").write_text(games(3000, filler=1000), encoding="utf-8")

    def fail(_: Changes) -> None:
        raise OSError("no more")

    with pytest.raises(OSError, match="no more"):
        import_sources(library, [tmp_path], workers=2, on_changes=fail)
    (batch,) = library.imports.list()
    assert batch.state is BatchState.INTERRUPTED
    assert batch.imported == library.games.count(GameQuery()) > 0


MEMORY_SCRIPT = """
import re, sys
from pathlib import Path
from desktop_app.library.library import Library
from desktop_app.services.import_games import import_sources
with Library.open(sys.argv[1]) as library:
    receipt = import_sources(library, [sys.argv[2]], workers=0)
# Not ru_maxrss: a child inherits that from a big parent, and the process that runs all tests is one.
peak_kb = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]
print(receipt.read, receipt.imported, receipt.bytes_unaccounted, peak_kb)
"""


# VmHWM, not ru_maxrss: Linux hands the latter on from the process that started this one.
@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_memory_stays_flat_over_50_mb(tmp_path: Path) -> None:
    """Fifty megabytes of games, one of them beyond 16 MB, are imported in under 200 MB."""
    path = tmp_path / "big.pgn"
    with path.open("w", encoding="utf-8") as file:
        file.write(games(500, filler=32_000))
        file.write('[Event "Giant"]\n\n1. e4 {' + ("word " * 200 + "\n") * 17_500 + "} *\n\n")
        file.write(games(500, filler=32_000).replace('"B"', '"C"'))
    assert path.stat().st_size > 49_000_000
    command = [sys.executable, "-c", MEMORY_SCRIPT, str(tmp_path / "l.kibitz"), str(path)]
    out = subprocess.run(command, check=True, capture_output=True, text=True, timeout=100).stdout.split()
    assert [int(figure) for figure in out[:3]] == [1001, 1000, 0]
    assert int(out[3]) < 200 * 1024


def test_the_command_imports_in_processes_of_its_own(tmp_path: Path) -> None:
    """`kibitz import` from its real entry point: spawned readers come up and the JSON adds up."""
    (tmp_path / "a.pgn").write_text(games(900, filler=1500) + "\n1. e5 *\n", encoding="utf-8")
    command = [sys.executable, "-m", "desktop_app", "import", str(tmp_path / "a.pgn"), "--json"]
    command += ["--library", str(tmp_path / "l.kibitz")]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=100)
    assert done.returncode == 1, done.stderr
    shape = json.loads(done.stdout)
    assert (shape["read"], shape["imported"], shape["rejected"]) == (901, 900, 1)


def test_kill_9_of_an_import_leaves_no_reader_and_keeps_what_was_committed(tmp_path: Path) -> None:
    """Readers end when their parent is gone; the batch is marked interrupted; importing again adds only the rest."""
    (tmp_path / "a.pgn").write_text(games(6000, filler=1000), encoding="utf-8")
    where = tmp_path / "l.kibitz"
    Library.open(where).close()
    command = [sys.executable, "-m", "desktop_app", "import", str(tmp_path / "a.pgn"), "--library", str(where)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with Library.open(where) as library:
            _wait_for(lambda: library.games.count(GameQuery()) > 0)
        readers = psutil.Process(process.pid).children(recursive=True)
        assert readers
    finally:
        process.kill()
        process.wait(30)
    assert not psutil.wait_procs(readers, timeout=30)[1]
    with Library.open(where) as library:
        committed = library.games.count(GameQuery())
        (batch,) = library.imports.list()
        assert batch.state is BatchState.INTERRUPTED
        assert batch.imported == committed
        assert 0 < committed < 6000
        rest = import_sources(library, [tmp_path / "a.pgn"], workers=0)
        assert (rest.imported, rest.duplicates) == (6000 - committed, committed)


def _wait_for(happened: Callable[[], bool], *, deadline_s: float = 60.0) -> None:
    pause = threading.Event()
    deadline = time.monotonic() + deadline_s
    while not happened():
        assert time.monotonic() < deadline, "it never happened"
        pause.wait(0.01)
