"""A UCI engine that misbehaves on demand: a real process, since only those hang, crash and ignore us for real.

Run as a script it is the engine; imported, `fake_engine` writes a start script for it that sessions can open. It starts
in some 20 ms and loads python-chess only when it must find a legal move: the first in alphabetical order. Scores are a
function of the position's text alone, so that runs can be compared.
"""

from __future__ import annotations

import importlib.util
import os
import resource
import shlex
import signal
import sys
import threading
import zlib
from pathlib import Path

MODES = (
    "ok",  # answers at once
    "slow",  # answers after `value` milliseconds, or at once when told to stop
    "hang",  # never answers a search
    "hang_after",  # answers `value` searches, then never again
    "hang_handshake",  # never says uciok
    "deaf",  # handshake only; never says readyok
    "crash_at",  # ends with exit code 3 in the search number `value`
    "abort_at",  # kills itself by SIGSEGV in the search number `value`
    "garbage",  # answers with noise and an unreadable move
    "endless_line",  # writes without ever ending the line
    "illegal_move",
    "illegal_pv",  # the variation starts with an illegal move
    "pv_breaks",  # the variation becomes illegal after its first move
    "no_move",  # bestmove (none)
    "bound_only",
    "bound_last",  # an exact score, then a bound with more nodes
    "no_score",
    "bad_score",  # score cp abc
    "absurd_score",
    "mate0",
    "multipv",  # a second line, worse, printed last
    "lines",  # knows MultiPV and answers with as many lines as it is asked for
    "not_uci",  # talks, but not UCI
    "echo",  # repeats what it reads
    "ignore_stop",  # searches on when told to stop, until killed
    "ignore_eof",  # never ends by itself: neither quit nor the end of its input
    "flood",  # `value` info lines before the answer
    "no_chess960",  # lacks the option
    "crlf",  # Windows line ends
)


def fake_engine(folder: Path, mode: str, value: int = 0) -> str:
    """Write a start script for this engine into `folder` and return its path.

    Args:
        folder: where to write.
        mode: one of `MODES`.
        value: the number the mode needs.
    """
    if mode not in MODES:
        raise ValueError(f"no such mode: {mode}")
    script = folder / f"fake-{mode}-{value}"
    found = importlib.util.find_spec("chess")
    assert found is not None
    assert found.origin is not None
    packages = Path(found.origin).parent.parent
    words = [sys.executable, "-S", "-E", str(Path(__file__).resolve()), mode, str(value), str(packages)]
    script.write_text(f"#!/bin/sh\nexec {shlex.join(words)}\n", encoding="utf-8")
    script.chmod(0o755)
    return str(script)


class FakeEngine:
    """The engine's side of the conversation."""

    def __init__(self, mode: str, value: int) -> None:
        self.mode = mode
        self.value = value
        self.position = ""
        self.searches = 0
        self.lines = 1
        self.stopped = threading.Event()
        self.thread: threading.Thread | None = None
        self.writing = threading.Lock()

    def say(self, *lines: str) -> None:
        """Write lines at once."""
        end = "\r\n" if self.mode == "crlf" else "\n"
        with self.writing:
            sys.stdout.write("".join(line + end for line in lines))
            sys.stdout.flush()

    def run(self) -> None:
        """Read commands until told to quit."""
        for line in sys.stdin:
            if not self.obey(line.strip()) and self.mode != "ignore_eof":
                return
        if self.mode == "ignore_eof":
            threading.Event().wait()

    def obey(self, command: str) -> bool:
        """Carry out one command; False to end."""
        word = command.partition(" ")[0]
        if self.mode == "echo":
            self.say(command)
        elif self.mode == "not_uci":
            self.say("What do you mean?")
        elif word == "uci":
            self.greet()
        elif word == "isready" and self.mode != "deaf":
            self.say("readyok")
        elif word == "position":
            self.position = command
        elif command.startswith("setoption name MultiPV value "):
            self.lines = int(command.rpartition(" ")[2])
        elif word == "go":
            self.stopped.clear()
            self.thread = threading.Thread(target=self.search, daemon=True)
            self.thread.start()
        elif word == "stop":
            self.stopped.set()
        return word != "quit"

    def greet(self) -> None:
        """Answer `uci`."""
        if self.mode == "hang_handshake":
            return
        self.say("id name Fake 1.0", "id author Kibitz", "option name Hash type spin default 16 min 1 max 1024")
        self.say("option name Threads type spin default 1 min 1 max 8")
        if self.mode != "no_chess960":
            self.say("option name UCI_Chess960 type check default false")
        if self.mode == "lines":
            self.say("option name MultiPV type spin default 1 min 1 max 500")
        self.say("uciok")

    def search(self) -> None:
        """Answer `go`, in the way of the mode."""
        self.searches += 1
        if self.mode in {"crash_at", "abort_at"} and self.searches >= self.value:
            self.die()
        if self.mode in {"hang", "ignore_stop"} or (self.mode == "hang_after" and self.searches > self.value):
            if self.mode != "ignore_stop":
                self.stopped.wait()
                return
            threading.Event().wait()
        if self.mode == "slow":
            self.stopped.wait(self.value / 1000)
        if self.mode == "endless_line":
            while True:
                sys.stdout.write("x" * 65536)
        if self.mode == "flood":
            for depth in range(self.value):
                self.say(f"info depth {depth % 99} score cp 1 nodes {depth} pv a1a1")
        self.say(*self.answer())

    def die(self) -> None:
        """End without a word."""
        if self.mode == "abort_at":
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            os.kill(os.getpid(), signal.SIGSEGV)
            threading.Event().wait()  # another thread may be the one to receive it
        os._exit(3)

    def answer(self) -> list[str]:
        """The lines that end a search."""
        moves = legal_moves(self.position)
        move = moves[0]
        score = zlib.crc32(self.position.encode()) % 601 - 300
        head = "info depth 9 seldepth 12 multipv 1"
        exact = f"{head} score cp {score} nodes 2000 nps 100000 time 20 pv {move}"
        answers = {
            "garbage": ["\x00\x01 lorem ipsum", "info depth", "info score", "bestmove \x7f\x7f"],
            "illegal_move": [exact, "bestmove a1h2"],
            "illegal_pv": [f"{head} score cp {score} nodes 2000 pv a1h2 e7e5", f"bestmove {move}"],
            "pv_breaks": [f"{exact} a1h2 a1a1", f"bestmove {move}"],
            "no_move": [exact, "bestmove (none)"],
            "bound_only": [f"{head} score cp 77 lowerbound nodes 2000 pv {move}", f"bestmove {move}"],
            "bound_last": [exact, f"{head} score cp 900 upperbound nodes 2345 pv {move}", f"bestmove {move}"],
            "no_score": [f"info depth 9 nodes 2000 pv {move}", f"bestmove {move}"],
            "bad_score": [f"{head} score cp abc nodes 2000 pv {move}", f"bestmove {move}"],
            "absurd_score": [f"{head} score cp 99999999 nodes 2000 pv {move}", f"bestmove {move}"],
            "mate0": [f"{head} score mate 0 nodes 2000 pv {move}", f"bestmove {move}"],
            "lines": [
                *(
                    f"info depth 9 multipv {number} score cp {score - 10 * number} nodes 2000 pv {one}"
                    for number, one in enumerate(moves[: self.lines], 1)
                ),
                f"bestmove {move}",
            ],
            "multipv": [exact, f"info depth 9 multipv 2 score cp -999 nodes 2000 pv {move}", f"bestmove {move}"],
        }
        return answers.get(self.mode, [exact, f"bestmove {move} ponder a1a1"])


def legal_moves(position: str) -> list[str]:
    """The legal moves in alphabetical order of the position that a `position fen ... moves ...` command sets."""
    import chess  # noqa: PLC0415 - costs more than all the rest of this engine

    fen, _, moves = position.removeprefix("position fen ").partition(" moves ")
    board = chess.Board(fen)
    for move in moves.split():
        board.push_uci(move)
    return sorted(move.uci() for move in board.legal_moves)


if __name__ == "__main__":
    sys.path.append(sys.argv[3])
    FakeEngine(sys.argv[1], int(sys.argv[2])).run()
