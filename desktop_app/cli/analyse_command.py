"""`kibitz analyse`: chooses games, engine and limits, runs the batch, and tells what happens.

The batch works on threads of its own; its news arrive here, on the main thread, which alone prints.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from desktop_app import paths
from desktop_app.cli import output
from desktop_app.cli.analyse_report import JsonReport, Report, TextReport
from desktop_app.cli.interrupt import EXIT_CODE as INTERRUPTED
from desktop_app.cli.interrupt import Interrupt
from desktop_app.cli.opening import open_library
from desktop_app.cli.selection import games_to_analyse
from desktop_app.domain.batch import BatchCounters, ItemNews, JobNews, PositionNews
from desktop_app.domain.profile import Profile, SearchSpec

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable

    from desktop_app.library.library import Library
    from desktop_app.services.analyse_headless import BatchEvent
    from desktop_app.settings import Settings


class _Limited:
    """A CancelToken: the user's signal, or the time that was given being over."""

    def __init__(self, interrupt: Interrupt, most_seconds: float | None) -> None:
        self._interrupt = interrupt
        self._deadline = None if most_seconds is None else time.monotonic() + most_seconds

    @property
    def time_over(self) -> bool:
        return self._deadline is not None and time.monotonic() >= self._deadline

    def cancelled(self) -> bool:
        return self.time_over or self._interrupt.cancelled()


def run_analyse(arguments: Namespace, *, most_seconds: float | None = None) -> int:
    """Analyse games. 1 when one failed, 130 when it was stopped; the job then goes on with the same command.

    `most_seconds` ends it in order after that time, which is no failure.
    """
    from desktop_app.cli.searchers import searchers_of
    from desktop_app.services.analyse_headless import run_headless
    from desktop_app.settings import SettingsStore

    settings = SettingsStore(paths.settings_file()).current
    spec = search_spec(arguments, settings)
    report: Report = JsonReport() if arguments.json else TextReport()
    with Interrupt() as interrupt, open_library(arguments) as library:
        library.gradings.in_force = settings.grading_in_force
        games = games_to_analyse(library, arguments, spec)
        if not games:
            report.summary(BatchCounters())
            return 0
        searchers = searchers_of(arguments, settings)
        limited = _Limited(interrupt, most_seconds)
        outcome = run_headless(
            library,
            games,
            spec,
            workers=searchers.workers,
            engine_path=searchers.engine_path,
            identity=searchers.identity,
            setup=searchers.setup,
            on_event=teller(report, library),
            cancel=limited,
            remote=searchers.remote,
        )
        report.summary(outcome.counters)
    if outcome.fault is not None:
        raise outcome.fault
    if outcome.interrupted and limited.time_over:
        print("The time is over. What is analysed is kept; the next run goes on from here.")
    elif outcome.interrupted:
        output.complain("Stopped. What is analysed is kept; the same command goes on from here.")
        return INTERRUPTED
    return 1 if outcome.counters.games_failed else 0


def search_spec(arguments: Namespace, settings: Settings) -> SearchSpec:
    """What to search: `--nodes`, else `--profile`, else the setting."""
    if arguments.nodes:
        return SearchSpec.of_nodes(arguments.nodes)
    return SearchSpec.of_profile(Profile(arguments.profile) if arguments.profile else settings.profile)


def teller(report: Report, library: Library) -> Callable[[BatchEvent], None]:
    """Pass each event to the report's method for it; a game's line is read anew, since the event comes after it."""

    def tell(event: BatchEvent) -> None:
        if isinstance(event, PositionNews):
            report.position(event)
        elif isinstance(event, ItemNews):
            report.game(event, next(iter(library.games.rows([event.game_id])), None))
        elif isinstance(event, JobNews):
            report.job(event)
        else:
            report.progress(event)

    return tell
