"""Judges the whole library again from stored evaluations: by another grading, or by newer rules. No engine.

Blocking; an operation's thread or a command. Reading and storing happen here, judging in niced processes. Games are
taken a segment at a time, each stored in one transaction with its stamp: after kill -9, or when it is called again, it
goes on with those that are still judged otherwise. Called by `kibitz regrade` and the window.
"""

from __future__ import annotations

import time
from collections import deque
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_app.analysis.regrade import regrade
from desktop_app.domain.game import GameId
from desktop_app.errors import CancelledError
from desktop_app.services.game_work import CHESS960, JUDGED_VARIANTS
from desktop_app.services.side_process import SideProcess

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_app.domain.judgement import GameSummary, Grading
    from desktop_app.library.gradings import JudgedGame
    from desktop_app.library.library import Library
    from desktop_app.ports import CancelToken, ProgressSink

SEGMENT_GAMES = 200
FEW_GAMES = 1_000
"""So few games are judged here: a process costs more than it saves."""

_Piece = tuple["tuple[JudgedGame, ...]", "Grading"]
_Answers = dict[GameId, "GameSummary | None"]
_Judge = SideProcess[_Piece, _Answers]


@dataclass(frozen=True, slots=True)
class Rejudged:
    """What judging again did.

    Attributes:
        grading: stamp of the grading now in force.
        games: games that had been judged otherwise.
        regraded: games that were judged again.
        left: games still judged otherwise (their analysis went on meanwhile).
    """

    grading: str
    games: int
    regraded: int
    left: int
    seconds: float


def rejudge_games(
    library: Library,
    grading: Grading,
    *,
    progress: ProgressSink | None = None,
    cancel: CancelToken | None = None,
    workers: int = 1,
    stored: Callable[[frozenset[GameId]], None] = lambda _games: None,
) -> Rejudged:
    """Judge every game by `grading` that was judged by another one or by older rules.

    Args:
        library: open library.
        grading: the one in force from now on.
        progress: told in games.
        cancel: asked between segments; CancelledError then, what was stored stays.
        workers: processes to judge in.
        stored: hears which games are new, after each commit.
    """
    started = time.monotonic()
    total = library.gradings.stale(grading)
    regraded = done = after = 0
    with ExitStack() as stack:
        here = total <= FEW_GAMES
        free = deque(
            stack.enter_context(_Judge(_judge, cancel=cancel, here=here)) for _ in range(1 if here else max(1, workers))
        )
        busy: deque[tuple[_Judge, list[JudgedGame]]] = deque()
        more = total > 0
        while more or busy:
            if more and free:
                games = library.gradings.stale_games(grading, after=after, limit=SEGMENT_GAMES)
                more = len(games) == SEGMENT_GAMES
                if games:
                    after = games[-1].id
                    judge = free.popleft()
                    judge.hand((tuple(games), grading))
                    busy.append((judge, games))
                continue
            judge, games = busy.popleft()
            regraded += library.gradings.store(grading, games, judge.take())
            free.append(judge)
            done += len(games)
            stored(frozenset(one.id for one in games))
            if progress is not None:
                progress.progress(min(done, total), total, f"Judging games as {grading.name}")
            if cancel is not None and cancel.cancelled():
                raise CancelledError("Judging again was stopped; it goes on where it was next time.")
    left = library.gradings.stale(grading)
    return Rejudged(grading.stamp, total, regraded, left, time.monotonic() - started)


def _judge(piece: _Piece) -> _Answers:
    games, grading = piece
    return {one.id: _summary(one, grading) for one in games}


def _summary(one: JudgedGame, grading: Grading) -> GameSummary | None:
    """The game's summary; None where it cannot be replayed any more."""
    if one.variant not in JUDGED_VARIANTS:
        return None
    try:
        return regrade(
            start_fen=one.start_fen,
            chess960=one.variant == CHESS960,
            moves=one.moves,
            scores=one.scores,
            grading=grading,
        )
    except ValueError:
        return None
