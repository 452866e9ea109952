"""`kibitz marks`: great, brilliant and only moves of analysed games, by our own rule. One engine; no Qt."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from desktop_app import paths
from desktop_app.cli import output
from desktop_app.cli.interrupt import Interrupt
from desktop_app.cli.opening import open_library
from desktop_app.cli.selection import selected_games
from desktop_app.domain.counting import counted

if TYPE_CHECKING:
    from argparse import Namespace


def run_marks(arguments: Namespace) -> int:
    """Search second lines where a mark is possible; `kibitz show` then says which moves are marked."""
    from desktop_app.engine.discovery import find_engine
    from desktop_app.engine.session import EngineSession
    from desktop_app.services.mark_moves import MARK_HASH_MB, MARK_NODES, mark_games
    from desktop_app.settings import SettingsStore

    settings = SettingsStore(paths.settings_file()).current
    named = next((one.path for one in settings.engines if one.name == arguments.engine), arguments.engine)
    engine_path = find_engine(named or settings.engine_path)
    with (
        output.ProgressLine() as line,
        Interrupt() as interrupt,
        open_library(arguments) as library,
    ):
        ids = selected_games(library, arguments)
        session = EngineSession.open(engine_path, hash_mb=MARK_HASH_MB, setup=settings.engine_setup(engine_path))
        try:
            nodes = arguments.nodes or MARK_NODES
            done = mark_games(library, ids, session, nodes=nodes, progress=line, cancel=interrupt)
        finally:
            session.close()
    if arguments.json:
        output.print_json(asdict(done))
        return 0
    marks = ", ".join(f"{count} {name}" for name, count in done.marks.items())
    print(
        f"{counted(done.games, 'analysed game')}: {marks}; {done.searched:,} positions searched, {done.known:,} known."
    )
    return 0
