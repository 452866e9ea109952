"""`kibitz regrade`: judges all games again from their stored evaluations. No engine, no Qt; main thread."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from desktop_app import paths
from desktop_app.cli import output
from desktop_app.cli.interrupt import Interrupt
from desktop_app.cli.opening import open_library
from desktop_app.domain.counting import counted
from desktop_app.errors import UsageError

if TYPE_CHECKING:
    from argparse import Namespace

    from desktop_app.domain.judgement import Grading


def run_regrade(arguments: Namespace) -> int:
    """Put a grading in force (the settings remember it) and judge every game by it that was judged otherwise."""
    from desktop_app.services.rejudge_games import rejudge_games
    from desktop_app.settings import cores

    grading = _chosen(arguments.grading)
    with (
        output.ProgressLine() as line,
        Interrupt() as interrupt,
        open_library(arguments) as library,
    ):
        done = rejudge_games(library, grading, progress=line, cancel=interrupt, workers=cores())
    if arguments.json:
        output.print_json(asdict(done))
        return 0
    print(f"{counted(done.regraded, 'game')} judged again by {done.grading} in {output.duration(done.seconds)}.")
    print(grading.meaning)
    if done.left:
        print(f"{counted(done.left, 'game')} changed meanwhile and keep what they had; repeat the command.")
    return 0


def _chosen(name: str | None) -> Grading:
    """The grading named, which the settings then remember; without a name the one in force."""
    from desktop_app.settings import SettingsStore

    store = SettingsStore(paths.settings_file())
    if name is None or name == store.current.grading:
        return store.current.grading_in_force
    if name not in store.current.gradings:
        raise UsageError(f"There is no grading {name!r}; choose one of {', '.join(store.current.gradings)}.")
    store.update(grading=name)
    return store.current.gradings[name]
