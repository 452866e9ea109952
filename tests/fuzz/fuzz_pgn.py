"""Fuzzing for as long as one likes: `python -m tests.fuzz.fuzz_pgn --seconds 900 [--seed N] [--corpus FOLDER]`.

One process checks case after case (`tests.fuzz.promises`), this one watches it: a case that takes longer than the
deadline, or ends its process, is a finding like any broken promise. Findings are made as small as they get, kept in
a folder with their reason, and belong into tests/data/fuzz once what they found is mended. `make fuzz` runs it.
"""

from __future__ import annotations

import argparse
import json
import queue
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from tests.fuzz.mutations import case, real_games
from tests.fuzz.promises import Workshop

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).resolve().parents[2]
CASE_DEADLINE_S = 60.0
START_DEADLINE_S = 300.0
SHRINK_S = 20.0
FRESH_AFTER = 400
"""Cases after which the libraries are made anew, so that they stay small."""


def check_cases(games: Sequence[bytes], first: int, findings: Path, out: TextIO) -> None:
    """Check cases from this number on, for ever; each is announced before, each finding told after."""
    seed = first
    while True:
        with tempfile.TemporaryDirectory() as folder:
            workshop = Workshop(Path(folder))
            for seed in range(seed, seed + FRESH_AFTER):  # noqa: B020 - goes on where it stopped
                _tell(out, begun=seed)
                data = case(seed, games)
                if reason := broken_promise(workshop, data):
                    _tell(out, shrinking=seed)
                    keep(findings, seed, shrunk(data, reason, SHRINK_S), reason)
                    _tell(out, found=seed, reason=reason)
            workshop.close()
            seed += 1


def broken_promise(workshop: Workshop, data: bytes) -> str:
    """Which promise these bytes break, empty for none."""
    try:
        workshop.check(data)
    except AssertionError as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        return f"{Path(where.filename).name}, {where.name}: {str(error).splitlines()[0] if str(error) else where.line}"
    except Exception as error:  # noqa: BLE001 - every exception is a finding
        where = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} in {Path(where.filename).name}, {where.name}: {error}"[:300]
    return ""


def broken_alone(data: bytes) -> str:
    """The same in fresh libraries."""
    with tempfile.TemporaryDirectory() as folder:
        workshop = Workshop(Path(folder))
        try:
            return broken_promise(workshop, data)
        finally:
            workshop.close()


def shrunk(data: bytes, reason: str, seconds: float) -> bytes:
    """The same finding in fewer bytes, as far as the time goes."""
    kind = reason.partition(":")[0]
    deadline = time.monotonic() + seconds

    def still(smaller: bytes) -> bool:
        return broken_alone(smaller).partition(":")[0] == kind

    return _fewer_pieces(data, still, deadline) if still(data) else data


def _fewer_pieces(data: bytes, still: Callable[[bytes], bool], deadline: float) -> bytes:
    size = max(1, len(data) // 2)
    while size >= 1:
        place = 0
        while place < len(data):
            if time.monotonic() > deadline:
                return data
            smaller = data[:place] + data[place + size :]
            if still(smaller):
                data = smaller
            else:
                place += size
        size //= 2
    return data


def keep(findings: Path, seed: int, data: bytes, reason: str) -> None:
    """Write a finding down: its bytes, and beside them what is wrong."""
    findings.mkdir(parents=True, exist_ok=True)
    (findings / f"case-{seed}.pgn").write_bytes(data)
    (findings / f"case-{seed}.txt").write_text(reason + "\n", encoding="utf-8")


def _tell(out: TextIO, **what: object) -> None:
    out.write(json.dumps(what) + "\n")
    out.flush()


class Watch:
    """Runs checking processes one after another until the time is over."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
        self._seed: int = arguments.seed
        self.begun = 0
        self.findings: list[tuple[int, str]] = []

    def run(self) -> None:
        """Until the time is over."""
        end = time.monotonic() + self._arguments.seconds
        while time.monotonic() < end:
            self._one_process(end)

    def _one_process(self, end: float) -> None:
        command = [sys.executable, "-m", "tests.fuzz.fuzz_pgn", "--child", "--seed", str(self._seed)]
        command += ["--findings", str(self._arguments.findings)]
        command += ["--corpus", str(self._arguments.corpus)] if self._arguments.corpus else []
        child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        reader = threading.Thread(target=_pass_on, args=(child.stdout, lines))
        reader.start()
        try:
            self._listen(lines, end)
        finally:
            child.kill()
            child.wait()
            reader.join()

    def _listen(self, lines: queue.SimpleQueue[str], end: float) -> None:
        patience = START_DEADLINE_S
        while True:
            try:
                line = lines.get(timeout=max(0.0, min(patience, end - time.monotonic())))
            except queue.Empty:
                if time.monotonic() < end:
                    self._found("it takes longer than its deadline")
                return
            if not line:
                self._found("its process ended")
                return
            said = json.loads(line)
            patience = SHRINK_S + CASE_DEADLINE_S if "shrinking" in said else CASE_DEADLINE_S
            self._seed = said.get("begun", self._seed)
            self.begun += "begun" in said
            if "found" in said:
                self._report(said["found"], said["reason"])

    def _found(self, reason: str) -> None:
        keep(self._arguments.findings, self._seed, case(self._seed, _games(self._arguments.corpus)), reason)
        self._report(self._seed, reason)
        self._seed += 1

    def _report(self, seed: int, reason: str) -> None:
        self.findings.append((seed, reason))
        sys.stdout.write(f"case {seed}: {reason}\n")
        sys.stdout.flush()


def _pass_on(stream: TextIO | None, lines: queue.SimpleQueue[str]) -> None:
    for line in stream or ():
        lines.put(line)
    lines.put("")


def _games(corpus: Path | None) -> list[bytes]:
    return real_games([ROOT / "resources" / "samples.pgn", *([corpus] if corpus else [])])


def main() -> int:
    """The command; 1 when something was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0, help="how long to go on")
    parser.add_argument("--seed", type=int, default=0, help="number of the first case")
    parser.add_argument("--corpus", type=Path, help="a folder of real games, beside our samples")
    parser.add_argument("--findings", type=Path, default=Path("fuzz-findings"), help="where findings are kept")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        check_cases(_games(arguments.corpus), arguments.seed, arguments.findings, sys.stdout)
    watch = Watch(arguments)
    started = time.monotonic()
    watch.run()
    took = time.monotonic() - started
    sys.stdout.write(f"{watch.begun} cases in {took:.0f} s, {len(watch.findings)} findings\n")
    return 1 if watch.findings else 0


if __name__ == "__main__":
    sys.exit(main())
