"""Look at an engine before it is trusted: handshake, build, a short search; and say whether a faster build exists.

Blocking (starts the engine); any thread but the window's. Called by the engine page, `services.doctor` and
`services.engine_download`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import chess

from desktop_app.domain.engine_setup import PLAIN, EngineSetup
from desktop_app.engine.binary import check_program
from desktop_app.engine.builds import build_by_flags, faster_build, flags_of
from desktop_app.engine.deadlines import DEADLINES, Deadlines
from desktop_app.engine.processor import processor
from desktop_app.engine.session import EngineSession
from desktop_app.errors import EngineFaultError, EngineUnusableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.domain.evaluation import EngineIdentity
    from desktop_app.engine.builds import Build
    from desktop_app.engine.options import UciOption
    from desktop_app.engine.processor import Processor

TRIAL_NODES = 20_000
"""Enough to see that an engine plays chess."""

SPEED_NODES = 200_000
"""A search of about half a second: long enough for a speed, short enough to wait for."""

_HASH_MB = 16
_LEAST_RATIO = 1.05
"""Below this a difference of speed is noise, and no reason to change engines."""
_MIDDLEGAME = "r1bq1rk1/pp2bppp/2n1pn2/3p4/2PP4/2N2N2/PP2BPPP/R1BQ1RK1 w - - 0 9"
"""A usual middlegame position: many pieces, nothing forced; speed is measured from here."""


@dataclass(frozen=True, slots=True)
class EngineReport:
    """What was found out about an engine that works.

    Attributes:
        path: the program.
        identity: as it will stand with evaluations, for the setup it was asked with.
        options: what it offers.
        flags: instruction sets it was compiled for; empty where it does not tell.
        nodes_per_second: measured by one search on one core; None when nobody asked for it.
    """

    path: str
    identity: EngineIdentity
    options: tuple[UciOption, ...]
    flags: frozenset[str]
    nodes_per_second: int | None = None

    @property
    def build(self) -> Build | None:
        """Which of Stockfish's builds it is, as far as its flags tell."""
        return build_by_flags(self.flags)

    @property
    def knps(self) -> str:
        """Speed in thousands of nodes a second, for a table; empty when it was not measured."""
        return "" if self.nodes_per_second is None else f"{round(self.nodes_per_second / 1000):,} knps"


def examine_engine(
    path: str, setup: EngineSetup = PLAIN, *, nodes: int = TRIAL_NODES, deadlines: Deadlines = DEADLINES
) -> EngineReport:
    """Start the engine, ask what it is, and let it search twice: the game's start and a middlegame.

    Args:
        path: the program.
        setup: what it will be told in use.
        nodes: of the second search, which tells the speed; `SPEED_NODES` for a figure to show.
        deadlines: how long each answer may take.

    Raises:
        EngineNotFoundError, EngineUnusableError: with a sentence: no program, no UCI engine, hangs, crashes, lies.
    """
    check_program(path)
    try:
        session = EngineSession.open(path, hash_mb=_HASH_MB, setup=setup, deadlines=deadlines)
        try:
            flags = flags_of(session.ask("compiler")) if "stockfish" in session.identity.name.lower() else frozenset()
            session.new_game()
            session.evaluate(root_fen=chess.STARTING_FEN, moves=(), chess960=False, limit_nodes=TRIAL_NODES // 4)
            session.new_game()
            found = session.evaluate(root_fen=_MIDDLEGAME, moves=(), chess960=False, limit_nodes=nodes)
        finally:
            session.close()
    except EngineFaultError as error:
        raise EngineUnusableError(
            f"{path} does not work as a UCI chess engine: {error.text}",
            action=error.action or "Choose another program; Stockfish is free and works everywhere.",
        ) from error
    speed = round(found.nodes * 1000 / max(1, found.engine_ms)) if nodes >= SPEED_NODES else None
    return EngineReport(path, session.identity, session.options, flags, speed)


@dataclass(frozen=True, slots=True)
class Advice:
    """Whether a faster build of the engine in use exists for this processor.

    Attributes:
        text: one sentence; says what is right where nothing is wrong.
        action: what to do, or "".
        better: the build the processor allows, None when the engine is that already or nobody knows.
    """

    text: str
    action: str = ""
    better: Build | None = None


def advise(report: EngineReport, others: Sequence[EngineReport] = (), computer: Processor | None = None) -> Advice:
    """Compare an engine's build with the processor.

    A factor is given only where a faster build is here and both were measured on this computer.

    Args:
        report: the engine in use.
        others: the other engines of the user's list.
        computer: the processor; None for this one.
    """
    computer = computer or processor()
    own = report.build
    better = faster_build(report.flags, computer)
    if better is None:
        if own is None:
            return Advice(f"{report.identity.name} does not say for which processors it is built.")
        return Advice(f"{report.identity.name} is the {own.spoken} build, the right one for this processor.")
    age = "old processors" if own is None or own.name in {"x86-64", "x86-64-sse41-popcnt"} else "older processors"
    ratio, place = _measured_ratio(report, better, others)
    times = f", about {ratio:.1f} times as fast" if ratio else ""
    text = (
        f"This {report.identity.name} is built for {age} ({own.spoken if own else 'unknown'}); "
        f"yours can run the {better.spoken} build{times}."
    )
    if place:
        return Advice(text, f"You have it: choose {place} in Analysis > Engines, or with --engine.", better)
    return Advice(
        text, f"Get the official build {better.name} in Analysis > Engines, or with: kibitz engine download.", better
    )


def _measured_ratio(report: EngineReport, better: Build, others: Sequence[EngineReport]) -> tuple[float | None, str]:
    """How many times as fast the best build here is, and where it lies."""
    own = report.nodes_per_second
    for other in others:
        if other.build is None or report.build is None or not report.build.needs < other.build.needs:
            continue
        if other.identity.name != report.identity.name and other.build != better:
            continue
        if own and other.nodes_per_second and other.nodes_per_second >= _LEAST_RATIO * own:
            return other.nodes_per_second / own, other.path
    return None, ""
