"""`kibitz import`, `list`, `show` and `export`: thin wrappers that run a service and print what it returns."""

from __future__ import annotations

import shutil
from concurrent.futures import wait
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from desktop_app import paths
from desktop_app.cli import output
from desktop_app.cli.interrupt import EXIT_CODE as INTERRUPTED
from desktop_app.cli.interrupt import Interrupt
from desktop_app.cli.opening import open_library
from desktop_app.cli.selection import make_searchable, selected_games
from desktop_app.domain.counting import counted
from desktop_app.errors import UsageError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from desktop_app.domain.filters import GameQuery
    from desktop_app.domain.judgement import Grading
    from desktop_app.domain.receipt import Receipt
    from desktop_app.domain.rows import GameRow
    from desktop_app.library.library import Library
    from desktop_app.services.watch import Watch

SHOWN_PROBLEMS = 20
DEFAULT_LIMIT = 50
NAME_COLUMNS = 22
OPENING_COLUMNS = 36
FULL_COLUMNS = 150
"""Width of the list where the terminal has the room; narrower ones shorten openings first, then names."""

STANDARD_OUTPUT = "-"
_POLL_S = 0.2


def run_import(arguments: Namespace) -> int:
    """Import files and print the receipt. 1 when something was rejected, 130 when it was stopped."""
    from desktop_app.library.library import Library
    from desktop_app.services.import_games import import_sources
    from desktop_app.services.watch import Watch
    from desktop_app.settings import cores

    with (
        output.ProgressLine() as line,
        Interrupt() as interrupt,
        Library.open(paths.library_location(arguments.library)) as library,
    ):
        receipt = import_sources(
            library, arguments.paths, progress=line, cancel=interrupt, workers=cores(), background=False
        )
        line.clear()
        enriched = _enrich(library, receipt, Watch(line, interrupt)) if arguments.enrich else None
        line.clear()
        _wait_for_indexes(library, interrupt)
    if arguments.json:
        output.print_json(receipt.to_json() | ({} if enriched is None else {"enriched": enriched}))
    else:
        _print_receipt(receipt)
        _print_duplicates(receipt, enriched)
    if receipt.cancelled:
        output.complain("Stopped before the end; the games named above are in the library.")
        return INTERRUPTED
    return 1 if _anything_rejected(receipt) else 0


def _enrich(library: Library, receipt: Receipt, watch: Watch) -> int:
    """Take over what duplicates carry; returns how many games got something."""
    from desktop_app.domain.rows import BatchId
    from desktop_app.services.enrich_games import enrich_import

    if receipt.batch_id is None or not receipt.enrichable:
        return 0
    return enrich_import(library, BatchId(receipt.batch_id), watch=watch).games


def _print_duplicates(receipt: Receipt, enriched: int | None) -> None:
    if receipt.completed:
        print(f"{counted(receipt.completed, 'game')} of which only the beginning was there: complete now.")
    if enriched is not None:
        print(f"{counted(enriched, 'stored game')} enriched with what duplicates carry.")
    elif receipt.enrichable:
        games = counted(receipt.enrichable, "stored game")
        print(f"Duplicates of {games} carry comments, clocks or the like; `kibitz import --enrich` adds them.")
    if receipt.imported and receipt.batch_id is not None:
        print(f"`kibitz undo-import {receipt.batch_id}` takes this import back.")


def _wait_for_indexes(library: Library, interrupt: Interrupt) -> None:
    """Let a big import's indexes be built; stopped, the next opening of the library goes on with them."""
    building = library.indexes.restore()
    while not wait({building}, _POLL_S).done and not interrupt.cancelled():
        pass


def _anything_rejected(receipt: Receipt) -> bool:
    # A source without any game is a problem, but no game: it is not in `rejected`.
    return receipt.rejected > 0 or any(problem.kind == "rejected" for problem in receipt.problems)


def _print_receipt(receipt: Receipt) -> None:
    print(
        f"Read {counted(receipt.read, 'game')} in {output.duration(receipt.seconds)}: "
        f"{receipt.imported:,} imported, {receipt.duplicates:,} already there, {receipt.rejected:,} rejected"
        + (f"; {receipt.repaired:,} repaired." if receipt.repaired else ".")
    )
    for problem in receipt.problems[:SHOWN_PROBLEMS]:
        where = f"{problem.source}, line {problem.line}"
        if problem.game_index is not None:
            where += f", game {problem.game_index + 1}"
        print(f"  {problem.kind}: {output.one_line(where)}: {output.one_line(problem.reason)}")
    if len(receipt.problems) > SHOWN_PROBLEMS:
        print(f"  … and {len(receipt.problems) - SHOWN_PROBLEMS:,} more (--json lists them all).")


def run_list(arguments: Namespace) -> int:
    """Print the library's games: in the order they came, a collection's own, or the one asked for."""
    asked = _asked(arguments)
    limit = arguments.limit or (None if arguments.json else DEFAULT_LIMIT)
    with open_library(arguments, reads=True) as library:
        query = _of_collection(library, arguments, asked)
        make_searchable(library, query.filter)
        total = library.games.count(query)
        rows = library.games.page(query, 0, total if limit is None else limit)
        grading = _grading()
        stale = library.gradings.stale(grading)
    if arguments.json:
        games = [row_json(row) for row in rows]
        output.print_json({"total": total, "grading": grading.stamp, "judged_otherwise": stale, "games": games})
        return 0
    if stale:
        noun = "game is" if stale == 1 else "games are"
        output.complain(f"{stale:,} {noun} not judged as {grading.stamp}; `kibitz regrade` judges them again.")
    if not rows:
        print("No game matches." if arguments.filter else "The library is empty. `kibitz import PATH` adds games.")
        return 0
    print(games_table(rows))
    if len(rows) < total:
        print(f"{len(rows):,} of {counted(total, 'game')}; --limit N shows more.")
    return 0


def _asked(arguments: Namespace) -> GameQuery:
    """Filter and order as typed. Raises FilterSyntaxError, UsageError."""
    from desktop_app.domain.filters import SORTS, GameQuery, parse_filter

    sort = arguments.sort or "id"
    if sort not in SORTS:
        raise UsageError(f"Games cannot be sorted by {sort!r}.", action=f"Choose one of {', '.join(sorted(SORTS))}.")
    return GameQuery(filter=parse_filter(arguments.filter or ""), sort=sort, descending=arguments.descending)


def _of_collection(library: Library, arguments: Namespace, asked: GameQuery) -> GameQuery:
    """What was asked for, of the games of the collection named, in its order where none was given."""
    if not arguments.collection:
        return asked
    from desktop_app.domain.filters import all_of

    query = library.sets.query(library.sets.collection_named(arguments.collection))
    if arguments.sort:
        query = replace(query, sort=asked.sort, descending=asked.descending)
    elif arguments.descending:
        query = replace(query, descending=not query.descending)
    return replace(query, filter=all_of(query.filter, asked.filter))


def row_json(row: GameRow) -> dict[str, Any]:
    """One game of `list --json`: every column of the row; enumerations as their text."""
    return {name: str(value) if name == "state" else value for name, value in asdict(row).items()}


def games_table(rows: Sequence[GameRow]) -> str:
    """Rows for people: who, result, when, what was played, and what we found."""
    head = ("id", "date", "white", "elo", "black", "elo", "result", "opening", "moves", "state", "acc", "?!/?/??")
    lacking = max(0, FULL_COLUMNS - shutil.get_terminal_size((FULL_COLUMNS, 24)).columns)
    opening = max(8, OPENING_COLUMNS - lacking)
    name = max(10, NAME_COLUMNS - max(0, lacking - OPENING_COLUMNS + 8) // 2)
    cells = [_cells(row, name_columns=name, opening_columns=opening) for row in rows]
    return output.table(head, cells, right=frozenset({0, 3, 5, 8, 10}))


def _cells(row: GameRow, *, name_columns: int, opening_columns: int) -> tuple[object, ...]:
    judged = row.white_inaccuracies is not None and row.black_inaccuracies is not None
    counts = (
        f"{row.white_inaccuracies}/{row.white_mistakes}/{row.white_blunders} "
        f"{row.black_inaccuracies}/{row.black_mistakes}/{row.black_blunders}"
    )
    state = str(row.state).replace("_", " ")
    if state == "in progress":
        state = f"{row.evaluated} of {row.ply_count + 1}"
    accuracies = () if row.too_short else (row.white_accuracy, row.black_accuracy)
    return (
        row.id,
        row.date,
        output.shorten(row.white or "?", name_columns),
        row.white_elo,
        output.shorten(row.black or "?", name_columns),
        row.black_elo,
        row.result,
        output.shorten(" ".join(part for part in (row.eco, row.opening) if part), opening_columns),
        (row.ply_count + 1) // 2,
        state,
        " ".join("-" if value is None else f"{value:.0f}" for value in accuracies) if any(accuracies) else "",
        counts if judged and row.evaluated else "",
    )


def run_show(arguments: Namespace) -> int:
    """Print one game with everything we know of it."""
    from desktop_app.cli.show_text import game_text
    from desktop_app.domain.analyses import by_engine
    from desktop_app.domain.game import GameId
    from desktop_app.errors import NotFoundError
    from desktop_app.services.show_game import show_game
    from desktop_app.services.show_json import to_json

    with open_library(arguments, reads=True) as library:
        view = show_game(library, GameId(arguments.id), grading=_grading())
        if arguments.engine:
            chosen = by_engine(view.analyses, arguments.engine)
            if chosen is None:
                names = ", ".join(dict.fromkeys(one.engine.name for one in view.analyses)) or "none"
                raise NotFoundError(
                    f"Game {arguments.id} has no analysis by {arguments.engine!r}.", action=f"There are: {names}."
                )
            view = show_game(library, GameId(arguments.id), grading=_grading(), analysis_id=chosen.id)
    if arguments.json:
        output.print_json(to_json(view))
    else:
        print(game_text(view))
    return 0


def run_export(arguments: Namespace) -> int:
    """Write games as annotated PGN. Raises CancelledError when stopped; an older file is then as it was."""
    from desktop_app.services.export_games import export_games

    with (
        output.ProgressLine() as line,
        Interrupt() as interrupt,
        open_library(arguments, reads=True) as library,
    ):
        ids = selected_games(library, arguments)
        report = export_games(
            library,
            ids,
            arguments.output,
            progress=line,
            cancel=interrupt,
            grading=_grading(),
            marks=arguments.marks,
        )
    if report.path != STANDARD_OUTPUT:
        print(f"Wrote {counted(report.games, 'game')} ({report.annotated:,} with verdicts) to {report.path}.")
    return 0


def _grading() -> Grading:
    """The rules of judging that the settings name."""
    from desktop_app.settings import SettingsStore

    return SettingsStore(paths.settings_file()).current.grading_in_force
