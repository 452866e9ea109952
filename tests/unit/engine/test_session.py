"""EngineSession against an engine that misbehaves: a real process for every way of going wrong."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import chess
import pytest

from desktop_app.domain.evaluation import Cp, Evaluation
from desktop_app.engine.session import Deadlines, EngineSession
from desktop_app.engine.standing_in_line import seconds_without_processor
from desktop_app.errors import (
    CancelledError,
    EngineCrashedError,
    EngineFaultError,
    EngineHungError,
    EngineLiedError,
    EngineNotFoundError,
)
from tests.fakes.fake_uci import fake_engine

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORT = Deadlines(handshake_s=30, ready_s=30, search_s=1.5, slowest_nps=100_000, stop_s=0.3, quit_s=0.3)
PATIENT = Deadlines(handshake_s=60, ready_s=60, search_s=60, stop_s=60, quit_s=0.3)
STRICT = Deadlines(handshake_s=60, ready_s=60, search_s=60, stop_s=0.3, quit_s=0.3)
KNIGHTS = ("g1f3", "g8f6", "f3g1", "f6g8")


class Opener:
    """Opens sessions on fake engines and closes them after the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.opened: list[EngineSession] = []

    def __call__(self, mode: str, value: int = 0, deadlines: Deadlines = PATIENT) -> EngineSession:
        """A session on a fake in this mode."""
        session = EngineSession.open(fake_engine(self.folder, mode, value), hash_mb=16, deadlines=deadlines)
        self.opened.append(session)
        return session


@pytest.fixture
def open_fake(tmp_path: Path) -> Iterator[Opener]:
    """Opens sessions on fake engines; closes them afterwards."""
    opener = Opener(tmp_path)
    yield opener
    for session in opener.opened:
        session.close()


def search(session: EngineSession, *moves: str, nodes: int = 2000) -> Evaluation:
    """Search the standard start, or where these moves lead from it."""
    return session.evaluate(root_fen=chess.STARTING_FEN, moves=moves, chess960=False, limit_nodes=nodes)


def test_a_sound_engine_is_named_and_answers(open_fake: Opener) -> None:
    """Identity names what was set; an evaluation holds everything the engine said."""
    session = open_fake("ok")
    assert session.identity.name == "Fake 1.0"
    assert session.identity.options == (("Hash", "16"), ("Threads", "1"))
    assert len(session.identity.build) == 16
    evaluation = search(session)
    assert (evaluation.depth, evaluation.nodes, evaluation.best, evaluation.pv) == (9, 2000, "a2a3", ("a2a3",))
    assert isinstance(evaluation.score, Cp)


def test_scores_turn_to_whites_side(open_fake: Opener) -> None:
    """With Black to move the engine's score changes its sign, and only then."""
    session = open_fake("ok")
    for moves in ((), KNIGHTS[:1], KNIGHTS[:2]):
        evaluation = search(session, *moves)
        shown = next(line for line in reversed(session.transcript.tail(60).splitlines()) if "position fen" in line)
        mover_cp = zlib.crc32(shown.partition("<< ")[2].encode()) % 601 - 300
        assert evaluation.score == Cp(mover_cp if len(moves) % 2 == 0 else -mover_cp)


def test_the_root_and_its_moves_are_sent_never_a_bare_position(open_fake: Opener) -> None:
    """Repetitions can only be seen by an engine that is told the moves."""
    session = open_fake("ok")
    search(session, *KNIGHTS)
    assert f"position fen {chess.STARTING_FEN} moves {' '.join(KNIGHTS)}" in session.transcript.tail(60)


def test_positions_may_be_asked_in_any_order(open_fake: Opener) -> None:
    """Backwards, forwards and in another game: each question sends its own moves, and the same ones answer alike."""
    session = open_fake("ok")
    forward = [search(session, *KNIGHTS[:count]).score for count in range(5)]
    backward = [search(session, *KNIGHTS[:count]).score for count in reversed(range(5))]
    assert forward == backward[::-1]
    search(session, "b1c3")
    assert search(session, *KNIGHTS).score == forward[4]


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("garbage", "illegal move"),
        ("illegal_move", "illegal move"),
        ("illegal_pv", "variation starts with an illegal move"),
        ("no_move", "illegal move"),
        ("bound_only", "without giving an exact score"),
        ("no_score", "without giving an exact score"),
        ("bad_score", "score cannot be read"),
        ("absurd_score", "absurd"),
        ("mate0", "impossible mate"),
        ("endless_line", "line without end"),
    ],
)
def test_a_lie_is_told_and_the_liar_ended(open_fake: Opener, mode: str, words: str) -> None:
    """What cannot be true is an EngineLiedError with a sentence, and the process is gone."""
    session = open_fake(mode)
    with pytest.raises(EngineLiedError, match=words):
        search(session)
    with pytest.raises(EngineCrashedError, match="is gone"):
        search(session)


def test_bounds_never_replace_an_exact_score(open_fake: Opener) -> None:
    """A bound printed last changes the node count alone."""
    exact = search(open_fake("ok"))
    bound = search(open_fake("bound_last"))
    assert bound.score == exact.score
    assert bound.nodes == 2345


def test_several_lines_can_be_asked_for_and_one_again_afterwards(open_fake: Opener) -> None:
    """MultiPV is set for the one search that wants it; the lines come best first, each with a move of its own."""
    session = open_fake("lines")
    asked = {"root_fen": chess.STARTING_FEN, "moves": (), "chess960": False, "limit_nodes": 2000}
    found = session.evaluate_lines(**asked, lines=3)  # type: ignore[arg-type]  # one dict for four keywords
    assert [line.best for line in found] == ["a2a3", "a2a4", "b1a3"]
    assert found[0].score != found[1].score
    assert search(session).best == "a2a3"
    said = [line for line in session.transcript.tail(60).splitlines() if "MultiPV value" in line]
    assert [line.rpartition(" ")[2] for line in said] == ["3", "1"]


def test_an_engine_of_one_line_is_not_asked_for_more(open_fake: Opener) -> None:
    """A clear sentence, instead of one line taken for two."""
    with pytest.raises(EngineFaultError, match="several lines"):
        open_fake("ok").evaluate_lines(root_fen=chess.STARTING_FEN, moves=(), chess960=False, limit_nodes=2000, lines=2)


def test_only_the_best_line_counts(open_fake: Opener) -> None:
    """A second line (multipv 2) is no evaluation of the position."""
    assert search(open_fake("multipv")).score == search(open_fake("ok")).score


def test_a_variation_is_kept_up_to_its_first_illegal_move(open_fake: Opener) -> None:
    """A broken tail costs the tail, not the evaluation."""
    assert search(open_fake("pv_breaks")).pv == ("a2a3",)


def test_windows_line_ends_are_read(open_fake: Opener) -> None:
    """CR LF makes no difference."""
    assert search(open_fake("crlf")).score == search(open_fake("ok")).score


def test_a_flood_of_lines_is_survived(open_fake: Opener) -> None:
    """Twenty thousand info lines, each with an illegal variation, cost nothing: only the last exact one is read."""
    assert search(open_fake("flood", 20_000)).pv == ("a2a3",)


@pytest.mark.parametrize(("mode", "value"), [("hang", 0), ("hang_after", 1)])
def test_a_hung_engine_is_killed_at_its_deadline(open_fake: Opener, mode: str, value: int) -> None:
    """A search ends by its deadline, which grows with the nodes; it says how long it waited."""
    session = open_fake(mode, value, SHORT)
    for _ in range(value):
        search(session)
    started = time.monotonic()
    with pytest.raises(
        EngineHungError, match=r"did not answer within 1.51 s while searching the position after 0 plies"
    ):
        search(session, nodes=1000)
    assert time.monotonic() - started < 60


def test_time_in_line_for_a_processor_does_not_count(open_fake: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that other programs kept from running is waited for: only what it had of the time is its own."""
    waited = iter([0.0, 60.0])
    session = open_fake("slow", 3000, Deadlines(search_s=0.2, slowest_nps=1e9, stop_s=0.3, quit_s=0.3))
    monkeypatch.setattr("desktop_app.engine.session.seconds_without_processor", lambda _pid: next(waited))
    assert search(session).nodes == 2000
    assert next(waited, None) is None, "the deadline did not pass: this test needs a shorter one"


def test_an_engine_that_stands_in_line_for_ever_is_given_up(open_fake: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    """Patience has an end, however busy the machine says it is."""
    session = open_fake("hang", 0, Deadlines(search_s=0.02, slowest_nps=1e9, stop_s=0.3, quit_s=0.3))
    monkeypatch.setattr("desktop_app.engine.session.seconds_without_processor", lambda _pid: time.monotonic())
    with pytest.raises(EngineHungError):
        search(session)


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="this system does not say")
def test_the_time_in_line_is_read_from_the_system() -> None:
    """It grows while more threads want to run than there are processors, and is 0 for a process that is gone."""
    assert seconds_without_processor(2**30) == 0.0
    before = seconds_without_processor(os.getpid())
    command = [sys.executable, "-c", "while True: pass"]
    rivals = [subprocess.Popen(command) for _ in range(2 * (os.cpu_count() or 1))]
    try:
        deadline = time.monotonic() + 60
        while seconds_without_processor(os.getpid()) <= before + 0.01:
            assert time.monotonic() < deadline
    finally:
        for rival in rivals:
            rival.kill()
            rival.wait()


def test_a_deaf_engine_is_killed(tmp_path: Path) -> None:
    """Neither handshake nor isready is waited for without end."""
    deadlines = Deadlines(handshake_s=0.3)
    for mode in ("hang_handshake", "deaf", "echo", "not_uci"):
        with pytest.raises(EngineHungError, match="while starting"):
            EngineSession.open(fake_engine(tmp_path, mode), hash_mb=16, deadlines=deadlines)


def test_a_crash_tells_its_exit_code(open_fake: Opener) -> None:
    """The first search is fine, the second ends the process: the error says how and where."""
    session = open_fake("crash_at", 2)
    search(session)
    with pytest.raises(EngineCrashedError, match="ended with exit code 3 while searching the position after 1 plies"):
        search(session, "g1f3")


def test_a_crash_tells_its_signal(open_fake: Opener) -> None:
    """A segmentation fault is named."""
    with pytest.raises(EngineCrashedError, match="SIGSEGV"):
        search(open_fake("abort_at", 1))


def test_an_engine_killed_from_outside_is_a_crash(open_fake: Opener) -> None:
    """Whoever ended it: the next use is an EngineFaultError, never a hang."""
    session = open_fake("ok")
    session._process.kill()
    with pytest.raises(EngineFaultError):
        session.new_game()


def test_stop_ends_a_search_and_keeps_the_engine(open_fake: Opener) -> None:
    """A stop from another thread raises CancelledError; the same engine then answers again."""
    session = open_fake("slow", 30_000)
    timer = threading.Timer(0.1, session.stop)
    timer.start()
    started = time.monotonic()
    with pytest.raises(CancelledError):
        search(session)
    timer.join()
    assert time.monotonic() - started < 25
    session.new_game()


def test_a_stop_before_the_search_is_not_lost(open_fake: Opener) -> None:
    """It refuses the next search, once."""
    session = open_fake("ok")
    session.stop()
    with pytest.raises(CancelledError):
        search(session)
    assert search(session).nodes == 2000


def test_an_engine_that_ignores_stop_is_killed(open_fake: Opener) -> None:
    """It is still a cancel for the caller, a second at most, and the process is gone."""
    session = open_fake("ignore_stop", deadlines=STRICT)
    timer = threading.Timer(0.1, session.stop)
    timer.start()
    started = time.monotonic()
    with pytest.raises(CancelledError):
        search(session)
    timer.join()
    assert time.monotonic() - started < 25
    with pytest.raises(EngineCrashedError):
        session.new_game()


def test_kill_from_another_thread_is_a_cancel(open_fake: Opener) -> None:
    """The way out when the application must end at once."""
    session = open_fake("ignore_stop")
    timer = threading.Timer(0.1, session.kill)
    timer.start()
    with pytest.raises(CancelledError):
        search(session)
    timer.join()


def test_an_engine_that_ignores_quit_is_closed_by_force(open_fake: Opener) -> None:
    """Closing takes its deadline and no longer, and may be repeated."""
    session = open_fake("ignore_eof")
    started = time.monotonic()
    session.close()
    session.close()
    assert time.monotonic() - started < 25


def test_chess960_is_told_once_and_needs_an_engine_that_knows_it(open_fake: Opener) -> None:
    """The option changes with the game, not with every search."""
    session = open_fake("ok")
    for _ in range(2):
        session.evaluate(root_fen=chess.STARTING_FEN, moves=(), chess960=True, limit_nodes=1)
    search(session)
    assert session.transcript.tail(60).count("UCI_Chess960 value true") == 1
    assert session.transcript.tail(60).count("UCI_Chess960 value false") == 1
    with pytest.raises(EngineFaultError, match="does not know Chess960"):
        open_fake("no_chess960").evaluate(root_fen=chess.STARTING_FEN, moves=(), chess960=True, limit_nodes=1)


def test_finished_positions_and_illegal_moves_are_the_callers_mistake(open_fake: Opener) -> None:
    """They are refused before the engine hears of them, and the session lives on."""
    session = open_fake("ok")
    for moves in (("f2f3", "e7e5", "g2g4", "d8h4"), ("e2e5",), ("0000",)):
        with pytest.raises(ValueError, match=r"finished|illegal|null"):
            search(session, *moves)
    assert search(session).nodes == 2000


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    """No process is started for a path that holds nothing."""
    with pytest.raises(EngineNotFoundError, match="There is no engine at"):
        EngineSession.open(str(tmp_path / "nothing"), hash_mb=16)
