"""Which games a command means: `--all`, `--game ID...` or `--filter EXPR`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.domain.filters import GameQuery, parse_filter
from desktop_app.domain.game import GameId
from desktop_app.errors import NotFoundError

if TYPE_CHECKING:
    from argparse import Namespace

    from desktop_app.library.library import Library


def selected_games(library: Library, arguments: Namespace) -> list[GameId]:
    """Ids in the library's order; those named by `--game` in the order typed, each once.

    Raises NotFoundError for an id that is not there, FilterSyntaxError for an expression that cannot be read.
    """
    if arguments.game:
        wanted = [GameId(number) for number in dict.fromkeys(arguments.game)]
        there = {row.id for row in library.games.rows(wanted)}
        missing = [str(number) for number in wanted if number not in there]
        if missing:
            raise NotFoundError(f"There is no game {', '.join(missing)} in this library.", action="See `kibitz list`.")
        return wanted
    query = GameQuery(filter=parse_filter(arguments.filter or ""))
    return [GameId(number) for number in library.games.ids(query)]
