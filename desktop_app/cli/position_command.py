"""`kibitz find-position`: games that have a position, and what was played there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.cli import output
from desktop_app.cli.interrupt import Interrupt
from desktop_app.cli.opening import open_library
from desktop_app.domain.counting import counted

if TYPE_CHECKING:
    from argparse import Namespace

    from desktop_app.domain.positions import MoveCount
    from desktop_app.services.find_position import PositionFound

DEFAULT_LIMIT = 100
SHOWN_GAMES = 20


def run_find_position(arguments: Namespace) -> int:
    """Index what is not indexed yet, look the position up and print what was found."""
    from desktop_app.domain.filters import parse_filter
    from desktop_app.services.find_position import find_position, read_position, to_json
    from desktop_app.services.index_positions import index_positions
    from desktop_app.settings import cores

    board = read_position(arguments.fen)
    filter_ = parse_filter(arguments.filter or "")
    with (
        output.ProgressLine() as line,
        Interrupt() as interrupt,
        open_library(arguments, reads=True) as library,
    ):
        if not (arguments.indexed_only or library.read_only):
            index_positions(library, progress=line, cancel=interrupt, workers=cores())
            line.clear()
        found = find_position(library, board, limit=arguments.limit or DEFAULT_LIMIT, filter_=filter_)
    if arguments.json:
        output.print_json(to_json(found))
    else:
        _print(found, arguments.limit or SHOWN_GAMES)
    return 0


def _print(found: PositionFound, limit: int) -> None:
    print(f"{counted(found.total, 'game')} with this position.")
    if not found.coverage.complete:
        missing = found.coverage.games - found.coverage.indexed
        print(f"{counted(missing, 'game')} of {found.coverage.games:,} are not indexed yet.")
    if found.moves:
        head = ("move", "games", "White", "draw", "Black", "rating", "last")
        rows = [
            (
                move.san,
                move.count.games,
                *(_share(part, move.count.games) for part in _results(move.count)),
                "" if move.count.average_elo is None else round(move.count.average_elo),
                move.count.last_played,
            )
            for move in found.moves
        ]
        print(output.table(head, rows, right=frozenset({1, 2, 3, 4, 5})))
    if found.games:
        shown = [
            (game.row.id, game.row.date, game.row.white or "?", game.row.black or "?", game.row.result, game.next_san)
            for game in found.games[:limit]
        ]
        print(output.table(("id", "date", "white", "black", "result", "next"), shown, right=frozenset({0})))


def _results(count: MoveCount) -> tuple[int, int, int]:
    return count.white_wins, count.draws, count.black_wins


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else ""
