# ruff: noqa: ARG002 - the fakes keep the signatures of the ports they stand for
"""The worker loop: every chunk gets exactly one answer, and an engine that failed is never used again."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

import chess
import pytest

from desktop_app.analysis.loop import work
from desktop_app.analysis.plan import plan_game
from desktop_app.domain.evaluation import Cp, EngineIdentity, Evaluation
from desktop_app.domain.game import GameId, Ply
from desktop_app.domain.profile import Profile, SearchSpec
from desktop_app.domain.work import Chunk, ChunkResult, JobItemId
from desktop_app.engine.session import DEADLINES, Deadlines, EngineSession
from desktop_app.errors import (
    CancelledError,
    DiskFullError,
    EngineCrashedError,
    EngineFaultError,
    EngineNotFoundError,
    KibitzError,
)
from tests.fakes.fake_uci import fake_engine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from desktop_app.ports import Evaluator

FAKE = EngineIdentity("Fake", "0")
MOVES = ("g1f3", "g8f6", "b1c3", "b8c6", "a2a3", "a7a6", "h2h3", "h7h6", "e2e3", "e7e6", "d2d3", "d7d6")
NODES = SearchSpec.of_nodes(2000)
QUICK = SearchSpec.of_profile(Profile.QUICK)


class ScriptedEvaluator:
    """An evaluator in this process that notes what it is asked and raises what its script says."""

    identity = FAKE

    def __init__(self, faults: dict[int, BaseException] | None = None) -> None:
        self.faults = faults or {}
        self.asked: list[str | int] = []
        self.closed = 0

    def new_game(self) -> None:
        """Note it."""
        self.asked.append("new")

    def evaluate(self, *, root_fen: str, moves: Sequence[str], chess960: bool, limit_nodes: int) -> Evaluation:
        """The number of moves is the score."""
        assert not self.closed, "used after close"
        if len(moves) in self.faults:
            raise self.faults[len(moves)]
        self.asked.append(len(moves))
        return Evaluation(Cp(len(moves)), 9, limit_nodes, "a2a3", ("a2a3",), engine_ms=2)

    def stop(self) -> None:
        """Nothing runs."""

    def close(self) -> None:
        """Count it."""
        self.closed += 1


class ListSource:
    """Hands out chunks from a list and notes the answers."""

    def __init__(self, chunks: Sequence[Chunk]) -> None:
        self.chunks = deque(chunks)
        self.stored: list[ChunkResult] = []
        self.returned: list[Chunk] = []
        self.faults: list[tuple[Chunk, str]] = []
        self.seen: list[Ply] = []
        self.attached: list[Evaluator | None] = []
        self.on_checkpoint: Callable[[], None] = lambda: None
        self.on_hand_over: Callable[[], None] = lambda: None

    def pull(self, worker: int) -> Chunk | None:
        """The next chunk, None at the end."""
        return self.chunks.popleft() if self.chunks else None

    def attach(self, worker: int, evaluator: Evaluator | None) -> None:
        """Note it."""
        self.attached.append(evaluator)

    def evaluated(self, worker: int, chunk: Chunk, ply: Ply, evaluation: Evaluation) -> None:
        """Note it."""
        self.seen.append(ply)

    def checkpoint(self, worker: int) -> None:
        """Do what the test wants."""
        self.on_checkpoint()

    def hand_over(self, worker: int, result: ChunkResult) -> None:
        """Store."""
        self.on_hand_over()
        self.stored.append(result)

    def give_back(self, worker: int, chunk: Chunk) -> None:
        """Note it."""
        self.returned.append(chunk)

    def failed(self, worker: int, chunk: Chunk, reason: str) -> None:
        """Note it."""
        self.faults.append((chunk, reason))

    @property
    def answers(self) -> int:
        """How many chunks were answered."""
        return len(self.stored) + len(self.returned) + len(self.faults)


class Opener:
    """Opens the evaluators it was given, one after the other."""

    def __init__(self, *evaluators: ScriptedEvaluator | BaseException) -> None:
        self.left = deque(evaluators)
        self.opened: list[int] = []

    def __call__(self, hash_mb: int) -> ScriptedEvaluator:
        """The next evaluator, or its failure to open."""
        self.opened.append(hash_mb)
        evaluator = self.left.popleft()
        if isinstance(evaluator, BaseException):
            raise evaluator
        return evaluator


def chunks_of(spec: SearchSpec = NODES, game: int = 1) -> tuple[Chunk, ...]:
    """Two chunks: plies 12..5, and 4..0 behind a look at 5."""
    return plan_game(
        item_id=JobItemId(game),
        game_id=GameId(game),
        root_fen=chess.STARTING_FEN,
        moves=MOVES,
        chess960=False,
        spec=spec,
    ).chunks


def test_chunks_are_searched_in_order_and_handed_over_whole() -> None:
    """A new game and the overlap before each chunk; the overlap is counted and not stored."""
    evaluator, source = ScriptedEvaluator(), ListSource(chunks_of())
    work(0, source, Opener(evaluator))
    assert evaluator.asked == ["new", *range(12, 4, -1), "new", 5, *range(4, -1, -1)]
    assert [[ply for ply, _ in result.evaluations] for result in source.stored] == [
        list(range(12, 4, -1)),
        list(range(4, -1, -1)),
    ]
    assert [result.warmup_nodes for result in source.stored] == [0, 2000]
    assert [result.engine_ms for result in source.stored] == [16, 12]
    assert source.seen == list(range(12, -1, -1))
    assert source.attached == [evaluator, None]
    assert evaluator.closed == 1


def test_outside_the_reproducible_mode_a_warm_hash_is_used() -> None:
    """The next chunk of the same game needs neither a new game nor the overlap; another game needs both."""
    evaluator = ScriptedEvaluator()
    source = ListSource([*chunks_of(QUICK), *chunks_of(QUICK, game=2)[1:]])
    work(0, source, Opener(evaluator))
    assert evaluator.asked == ["new", *range(12, 4, -1), *range(4, -1, -1), "new", 5, *range(4, -1, -1)]


def test_no_work_opens_no_engine() -> None:
    """The engine starts with the first chunk."""
    opener = Opener()
    work(0, ListSource([]), opener)
    assert opener.opened == []


def test_another_hash_size_needs_another_engine() -> None:
    """The size is fixed when an engine is opened."""
    first, second = ScriptedEvaluator(), ScriptedEvaluator()
    opener = Opener(first, second)
    work(0, ListSource([chunks_of()[0], chunks_of(SearchSpec.of_nodes(2_000_000))[0]]), opener)
    assert opener.opened == [16, 64]
    assert (first.closed, second.closed) == (1, 1)


@pytest.mark.expects_log
@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (EngineCrashedError("It crashed."), "It crashed."),
        (EngineFaultError("It failed.", action="Do this."), "It failed. Do this."),
        (KibitzError("Something known."), "Something known."),
        (KeyError("bug"), "internal error: KeyError: 'bug'"),
        (AssertionError(), "internal error: AssertionError: "),
    ],
)
def test_a_fault_costs_its_chunk_and_its_engine_only(fault: Exception, reason: str) -> None:
    """The chunk is reported with the reason, the next one gets a fresh engine; nothing of it is stored."""
    bad, good = ScriptedEvaluator({8: fault}), ScriptedEvaluator()
    first, second = chunks_of()
    source = ListSource([first, second])
    work(0, source, Opener(bad, good))
    assert source.faults == [(first, reason)]
    assert [result.chunk for result in source.stored] == [second]
    assert (bad.closed, good.closed) == (1, 1)
    assert source.attached == [bad, None, good, None]


@pytest.mark.expects_log
def test_an_engine_that_cannot_be_opened_is_a_fault_with_its_reason() -> None:
    """Reason and action reach the item; the worker lives on."""
    source = ListSource(chunks_of())
    work(0, source, Opener(EngineNotFoundError("No engine.", action="Install one."), OSError("no memory")))
    assert [reason for _, reason in source.faults] == ["No engine. Install one.", "internal error: OSError: no memory"]
    assert source.attached == []


def test_a_cancelled_chunk_is_given_back() -> None:
    """Whether it was noticed between positions or in a search; it costs the game nothing."""
    for where in ("checkpoint", "search"):
        evaluator, source = ScriptedEvaluator(), ListSource(chunks_of()[:1])
        if where == "search":
            evaluator.faults[9] = CancelledError("stopped")
        else:
            calls = iter([None, None, CancelledError("stopped")])

            def cancel_third(calls: object = calls) -> None:
                error = next(calls)  # type: ignore[call-overload]
                if error:
                    raise error

            source.on_checkpoint = cancel_third
        work(0, source, Opener(evaluator))
        assert (len(source.returned), source.answers) == (1, 1)
        assert evaluator.closed == 1


@pytest.mark.expects_log
def test_a_chunk_that_cannot_be_stored_is_reported() -> None:
    """A full disk is no engine fault, but the chunk must not vanish."""
    source = ListSource(chunks_of()[:1])

    def full() -> None:
        raise DiskFullError("The disk is full.")

    source.on_hand_over = full
    work(0, source, Opener(ScriptedEvaluator()))
    assert [reason for _, reason in source.faults] == ["The disk is full."]


@pytest.mark.parametrize("error", [RuntimeError("source broke"), KeyboardInterrupt()])
def test_the_engine_is_closed_when_the_source_breaks(error: BaseException) -> None:
    """What the source itself raises reaches whoever runs the worker, after the engine was closed."""
    evaluator, source = ScriptedEvaluator(), ListSource(chunks_of()[:1])

    def pull(worker: int) -> Chunk:
        if source.chunks:
            return source.chunks.popleft()
        raise error

    source.pull = pull  # type: ignore[method-assign]
    with pytest.raises(type(error)):
        work(0, source, Opener(evaluator))
    assert evaluator.closed == 1
    assert len(source.stored) == 1


@pytest.mark.expects_log
def test_a_close_that_fails_hides_nothing() -> None:
    """The fault is still reported, the next chunk still searched."""
    bad, good = ScriptedEvaluator({8: EngineCrashedError("It crashed.")}), ScriptedEvaluator()

    def close() -> None:
        raise OSError("cannot close")

    bad.close = close  # type: ignore[method-assign]
    source = ListSource(chunks_of())
    work(0, source, Opener(bad, good))
    assert (len(source.faults), len(source.stored)) == (1, 1)


@pytest.mark.expects_log
@pytest.mark.parametrize(
    ("mode", "value"), [("hang_after", 3), ("crash_at", 4), ("illegal_move", 0), ("bound_only", 0), ("mate0", 0)]
)
def test_a_real_process_that_misbehaves_costs_one_chunk(tmp_path: Path, mode: str, value: int) -> None:
    """Hung, crashed and lying engines: one fault each, then a sound engine does the rest."""
    impatient = Deadlines(search_s=1, slowest_nps=100_000, quit_s=0.3)
    engines = iter([(fake_engine(tmp_path, mode, value), impatient), (fake_engine(tmp_path, "ok"), DEADLINES)])

    def open_next(hash_mb: int) -> EngineSession:
        path, deadlines = next(engines)
        return EngineSession.open(path, hash_mb=hash_mb, deadlines=deadlines)

    source = ListSource([*chunks_of()[:1], *chunks_of()])
    work(0, source, open_next)
    assert len(source.faults) == 1
    assert "Fake 1.0" in source.faults[0][1] or "engine" in source.faults[0][1]
    assert [result.chunk for result in source.stored] == list(chunks_of())


def test_a_source_can_stop_a_running_search(tmp_path: Path) -> None:
    """Through the evaluator it was told of, from its own thread: the chunk comes back at once."""
    source = ListSource(chunks_of()[:1])
    searching = threading.Event()

    def attach(worker: int, evaluator: Evaluator | None) -> None:
        source.attached.append(evaluator)
        searching.set()

    source.attach = attach  # type: ignore[method-assign]
    path = fake_engine(tmp_path, "slow", 60_000)
    thread = threading.Thread(target=work, args=(0, source, lambda hash_mb: EngineSession.open(path, hash_mb=hash_mb)))
    thread.start()
    assert searching.wait(60)
    evaluator = source.attached[0]
    assert evaluator is not None
    evaluator.stop()
    thread.join(60)
    assert not thread.is_alive()
    assert (len(source.returned), source.answers) == (1, 1)
