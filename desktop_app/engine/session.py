"""EngineSession: one UCI engine process, owned by one worker thread.

A thin reader of our own: plain blocking reads on the owner's thread, lines kept as bytes, only the last exact score
is parsed, at `bestmove`. That costs the window's process a fifth of what python-chess's engine does. Every wait (start,
ready, search, stop, quit) has a deadline, kept by `engine.watchdog`, which kills the overdue engine so that the read
ends. An engine that hung, crashed or lied is gone when the error reaches the caller.

Opened by `services` and `ui.runtime` for `analysis.loop`, and by `engine.discovery` to look at a binary.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
import time
from pathlib import PurePath
from typing import TYPE_CHECKING, NoReturn, TypeVar

from desktop_app.domain.engine_setup import PLAIN, EngineSetup
from desktop_app.domain.evaluation import EngineIdentity
from desktop_app.engine.answers import Heard
from desktop_app.engine.binary import build_of
from desktop_app.engine.deadlines import DEADLINES, Deadlines
from desktop_app.engine.launch import EngineProcess, launch
from desktop_app.engine.options import UciOption, read_option, settle
from desktop_app.engine.position import GamePosition
from desktop_app.engine.standing_in_line import seconds_without_processor
from desktop_app.engine.transcript import Transcript
from desktop_app.engine.watchdog import WATCHDOG
from desktop_app.errors import CancelledError, EngineCrashedError, EngineFaultError, EngineHungError, EngineLiedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from desktop_app.domain.evaluation import Evaluation

__all__ = ["DEADLINES", "Deadlines", "EngineSession"]

_T = TypeVar("_T")

_log = logging.getLogger(__name__)

_LONGEST_LINE = 1 << 20
_ILLEGAL_INSTRUCTION = 4
_MOST_PATIENCE = 20
"""How many times its deadline an engine may take that other programs keep from the processor."""
_LEAST_PATIENCE_S = 0.05
_NEWER_PROCESSOR = "This build needs a newer processor; install one made for yours."


class EngineSession:
    """One warm engine; implements `ports.Evaluator`.

    Everything belongs to the thread that opened it, except `stop` and `kill`, which any thread may call.
    """

    def __init__(self, process: EngineProcess, path: str, deadlines: Deadlines) -> None:
        """Use `open`."""
        self._process = process
        self._path = path
        self._deadlines = deadlines
        self._position = GamePosition()
        self._rest = b""
        self._name = PurePath(path).name
        self._identity: EngineIdentity | None = None
        self._options: dict[str, UciOption] = {}
        self._told_chess960 = False
        self._told_lines = 1
        self._lock = threading.Lock()  # guards the next three and, while searching, writing
        self._searching = False
        self._stop_asked = False
        self._closed = False
        self._overdue = False
        self._doing = "starting"
        self._patience_s = 0.0
        self._armed_at = 0.0
        self._idle_at = 0.0
        self._patient = False
        self._guard = WATCHDOG.guard(self._on_overdue)
        self.transcript = Transcript()

    @classmethod
    def open(
        cls, path: str, *, hash_mb: int, setup: EngineSetup = PLAIN, deadlines: Deadlines = DEADLINES
    ) -> EngineSession:
        """Start the engine at `path` with one thread and `hash_mb` MB of hash, and wait until it is ready.

        `setup` says what else it is told; what it does not know or would not accept of that is left out.

        Raises:
            EngineNotFoundError, EngineUnusableError: there is no such program.
            EngineFaultError: it did not answer as a UCI engine; it is gone.
        """
        session = cls(launch(path), path, deadlines)
        try:
            session._run(lambda: session._shake_hands(hash_mb, setup))
        except BaseException:
            session._end(kill=True)
            raise
        return session

    @property
    def identity(self) -> EngineIdentity:
        """Name, build and options."""
        assert self._identity is not None  # noqa: S101 - `open` has set it
        return self._identity

    @property
    def options(self) -> tuple[UciOption, ...]:
        """What the engine offers, in its order."""
        return tuple(self._options.values())

    @property
    def pid(self) -> int:
        """Process id of the engine."""
        return self._process.pid

    def new_game(self) -> None:
        """Forget everything learnt from earlier positions, and wait until ready.

        Raises:
            EngineFaultError: no answer; the engine is gone.
        """
        self._run(self._forget)

    def ask(self, command: str) -> list[str]:
        """What the engine says to a command outside of UCI (Stockfish's `compiler`); empty when it knows none.

        Raises:
            EngineFaultError: no answer; the engine is gone.
        """
        return self._run(lambda: self._ask(command))

    def evaluate(self, *, root_fen: str, moves: Sequence[str], chess960: bool, limit_nodes: int) -> Evaluation:
        """Search the position that `moves` (UCI) lead to from `root_fen`, one line, `limit_nodes` nodes.

        Raises:
            EngineFaultError: the engine hung, crashed or lied; it is gone.
            CancelledError: `stop` or `kill` was called. The engine lives on unless it did not obey in time.
            ValueError: the position is finished, or the moves are not legal: the caller's mistake.
        """
        self._reach(root_fen, moves, chess960=chess960)
        return self._run(lambda: self._search(limit_nodes, lines=1))[0]

    def evaluate_lines(
        self, *, root_fen: str, moves: Sequence[str], chess960: bool, limit_nodes: int, lines: int
    ) -> tuple[Evaluation, ...]:
        """Search the same position for its best `lines` moves (MultiPV), `limit_nodes` nodes for all of them together.

        The next `evaluate` searches one line again. Exact scores only; the first evaluation is the best move's.
        These are no evaluations of a one-line search with that limit: never store them as such.

        Returns:
            At least one evaluation, best first; fewer than `lines` where the position has fewer moves.

        Raises:
            EngineFaultError: as `evaluate`, and when the engine cannot search several lines.
            CancelledError, ValueError: as `evaluate`.
        """
        self._reach(root_fen, moves, chess960=chess960)
        return self._run(lambda: self._search(limit_nodes, lines=lines))

    def stop(self) -> None:
        """End the running search within `stop_s`, or else the engine; without one, the next search is refused."""
        with self._lock:
            if self._closed:
                return
            self._stop_asked = True
            if self._searching:
                self._patient = False
                with contextlib.suppress(OSError):  # it has crashed: the owner finds out by itself
                    self._process.write("stop\n")
                self.transcript.sent("stop")
                self._guard.tighten(self._deadlines.stop_s)

    def kill(self) -> None:
        """End the engine at once. A running search raises CancelledError; `close` is still due from the owner."""
        with self._lock:
            self._stop_asked = True
        self._process.kill()

    def close(self) -> None:
        """End the process: `quit`, then by force after `quit_s`. Idempotent."""
        self._end(kill=False)

    # What follows runs on the owner's thread alone.

    def _reach(self, root_fen: str, moves: Sequence[str], *, chess960: bool) -> None:
        self._position.reach(root_fen, moves, chess960=chess960)
        board = self._position.board
        if not any(board.generate_legal_moves()):
            raise ValueError(f"a finished position is not searched: {board.fen()}")

    def _shake_hands(self, hash_mb: int, setup: EngineSetup) -> None:
        self._wait_for("starting", self._deadlines.handshake_s)
        self._tell("uci\n")
        for line in self._lines_until(b"uciok"):
            if line.startswith(b"id name "):
                self._name = line[len(b"id name ") :].decode("utf-8", "replace").strip() or self._name
            elif line.startswith(b"option ") and (option := read_option(line.decode("utf-8", "replace"))):
                self._options[option.name.lower()] = option
        settled = settle(self._options, setup, hash_mb=hash_mb)
        if settled.commands:
            self._tell(settled.commands)
        self._await_ready()
        self._guard.disarm()
        self._identity = EngineIdentity(self._name, build_of(self._path), settled.identity)

    def _ask(self, command: str) -> list[str]:
        self._wait_for(f"answering {command}", self._deadlines.ready_s)
        self._tell(f"{command}\nisready\n")
        said = [line.decode("utf-8", "replace") for line in self._lines_until(b"readyok")]
        self._guard.disarm()
        return said[:-1]

    def _forget(self) -> None:
        self._wait_for("getting ready for a new game", self._deadlines.ready_s)
        self._tell("ucinewgame\n")
        self._await_ready()
        self._guard.disarm()

    def _await_ready(self) -> None:
        self._tell("isready\n")
        for _ in self._lines_until(b"readyok"):
            pass

    def _search(self, limit_nodes: int, *, lines: int) -> tuple[Evaluation, ...]:
        heard = Heard()
        engine_ms = self._go(limit_nodes, lines, heard.hear)
        return heard.evaluations(self._position.board, most=lines, engine_ms=engine_ms)

    def _go(self, limit_nodes: int, lines: int, hear: Callable[[bytes], None]) -> int:
        """Search the position reached; `hear` gets every line of the answer. Returns the milliseconds it took."""
        told = f"{self._chess960_command()}{self._lines_command(lines)}{self._position.command()}"
        with self._lock:
            self._refuse_if_stopped()
            self._searching = True
            plies = len(self._position.board.move_stack)
            self._wait_for(f"searching the position after {plies} plies", self._deadlines.of_search(limit_nodes))
        started = time.monotonic()
        try:
            self._tell(f"{told}go nodes {limit_nodes}\n")
            for line in self._lines_until(b"bestmove"):
                hear(line)
        finally:
            engine_ms = round((time.monotonic() - started) * 1000)
            with self._lock:
                self._searching = False
                self._guard.disarm()
        with self._lock:
            self._refuse_if_stopped()
        return engine_ms

    def _lines_command(self, lines: int) -> str:
        if lines == self._told_lines:
            return ""
        if "multipv" not in self._options:
            raise EngineFaultError(f"{self._name} cannot search several lines at once.", action="Choose Stockfish.")
        self._told_lines = lines
        return f"setoption name MultiPV value {lines}\n"

    def _chess960_command(self) -> str:
        chess960 = self._position.board.chess960
        if chess960 == self._told_chess960:
            return ""
        if "uci_chess960" not in self._options:
            raise EngineFaultError(f"{self._name} does not know Chess960.", action="Choose Stockfish for this game.")
        self._told_chess960 = chess960
        return f"setoption name UCI_Chess960 value {'true' if chess960 else 'false'}\n"

    def _refuse_if_stopped(self) -> None:
        if self._stop_asked:
            self._stop_asked = False
            raise CancelledError("The search was stopped.")

    def _wait_for(self, doing: str, seconds: float) -> None:
        self._doing, self._patience_s = doing, seconds
        self._armed_at, self._idle_at = time.monotonic(), seconds_without_processor(self._process.pid)
        self._patient = True
        self._guard.arm(seconds)

    def _tell(self, text: str) -> None:
        self.transcript.sent(text)
        try:
            self._process.write(text)
        except (OSError, ValueError) as error:
            raise EngineCrashedError("The engine no longer reads.") from error

    def _lines_until(self, last: bytes) -> Iterator[bytes]:
        """Yield what the engine says, up to and with the line that starts with `last`."""
        while data := self._process.read():
            lines = (self._rest + data).split(b"\n")
            self._rest = lines.pop()
            if len(self._rest) > _LONGEST_LINE:
                raise EngineLiedError(f"{self._who()} writes a line without end.")
            for raw in lines:
                line = raw.rstrip(b"\r")
                if not line.startswith(b"info ") or line.startswith(b"info string"):
                    self.transcript.received(line)
                yield line
                if line.startswith(last):
                    return
        raise EngineCrashedError("The engine's output ended.")

    def _run(self, action: Callable[[], _T]) -> _T:
        """Do something with the engine; whatever goes wrong, the engine is gone before the error leaves."""
        if self._closed:
            raise EngineCrashedError(f"{self._who()} is gone.")
        try:
            return action()
        except EngineFaultError as error:
            self._fail(error)

    def _fail(self, error: EngineFaultError) -> NoReturn:
        with self._lock:
            stopped, self._stop_asked = self._stop_asked, False
        hung = self._overdue
        code = self._end(kill=hung or not isinstance(error, EngineCrashedError))
        _log.info("%s, while %s: %s\n%s", self._who(), self._doing, error, self.transcript.tail())
        if stopped:
            raise CancelledError("The search was stopped.") from error
        if hung:
            raise EngineHungError(
                f"{self._who()} did not answer within {self._patience_s:.3g} s while {self._doing}."
            ) from error
        if isinstance(error, EngineCrashedError):
            raise EngineCrashedError(
                f"{self._who()} ended {_how(code)} while {self._doing}.",
                action=_NEWER_PROCESSOR if code == -_ILLEGAL_INSTRUCTION else "",
            ) from error
        raise error

    def _end(self, *, kill: bool) -> int:
        with self._lock:
            if self._closed:
                return 0
            self._closed = True
        if kill:
            self._process.kill()
        else:
            self._patient = False
            self._guard.arm(self._deadlines.quit_s)
            with contextlib.suppress(OSError, ValueError):
                self._process.write("quit\n")
        code = self._process.reap()
        self._guard.leave()
        return code

    def _who(self) -> str:
        return f"{self._name} (process {self._process.pid})"

    def _on_overdue(self) -> float:
        """On the watchdog's thread: nothing but flagging and killing is safe here. Returns how long to wait on."""
        waited_s = time.monotonic() - self._armed_at
        if self._patient and waited_s < _MOST_PATIENCE * self._patience_s:
            idle_s = max(0.0, seconds_without_processor(self._process.pid) - self._idle_at)
            left_s = self._patience_s - (waited_s - idle_s)
            if left_s > _LEAST_PATIENCE_S:
                return left_s
        self._overdue = True
        self._process.kill()
        return 0.0


def _how(code: int) -> str:
    if code >= 0:
        return f"with exit code {code}"
    try:
        return f"by signal {-code} ({signal.Signals(-code).name})"
    except ValueError:
        return f"by signal {-code}"
