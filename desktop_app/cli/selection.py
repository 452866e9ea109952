"""Which games a command means: `--all`, `--game ID...` or `--filter EXPR`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.cli.output import ProgressLine
from desktop_app.domain.filter_terms import FIELDS, And, Filter, Kind, Not, Or, Term
from desktop_app.domain.filters import GameQuery, parse_filter
from desktop_app.domain.game import GameId
from desktop_app.domain.work import ItemState
from desktop_app.errors import NotFoundError
from desktop_app.services.index_comments import asks_for_comments, index_comments

if TYPE_CHECKING:
    from argparse import Namespace

    from desktop_app.domain.profile import SearchSpec
    from desktop_app.library.library import Library
    from desktop_app.ports import CancelToken

_FIGURES = frozenset({"accuracy", "acpl", "inaccuracies", "mistakes", "blunders"})
_LEFT = frozenset({ItemState.QUEUED, ItemState.RUNNING})


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
    make_searchable(library, query.filter)
    return [GameId(number) for number in library.games.ids(query)]


def make_searchable(library: Library, filter_: Filter, cancel: CancelToken | None = None) -> None:
    """Read the comments that were not read yet, where the filter asks for them and the library can be written."""
    if asks_for_comments(filter_) and not library.read_only:
        with ProgressLine() as line:
            index_comments(library, progress=line, cancel=cancel)


def games_to_analyse(library: Library, arguments: Namespace, spec: SearchSpec) -> list[GameId]:
    """The games to analyse; with those an interrupted run left, where the filter asks for something analysis changes.

    `--filter state:unanalysed` matches none of the games that the same command has queued: repeating it must still go
    on with them.
    """
    games = selected_games(library, arguments)
    if not arguments.filter or not _asks_for_analysis(parse_filter(arguments.filter)):
        return games
    left = [
        item.game_id
        for job in library.jobs.unfinished()
        if job.spec == spec
        for item in library.jobs.items(job.id)
        if item.state in _LEFT
    ]
    return list(dict.fromkeys([*left, *games]))


def _asks_for_analysis(filter_: Filter) -> bool:
    """Whether games come to match, or cease to, by being analysed."""
    match filter_:
        case And(children) | Or(children):
            return any(map(_asks_for_analysis, children))
        case Not(child):
            return _asks_for_analysis(child)
        case Term(name):
            return FIELDS[name].kind is Kind.STATE or name.partition("_")[2] in _FIGURES or name in _FIGURES
        case _:
            return False
