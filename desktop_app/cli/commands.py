"""The commands of `kibitz` and what may follow each of them. Builds argparse's arguments; imports nothing of the core.

Read by `parser` alone.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PROFILES = ("quick", "standard", "deep")
LARGEST_NUMBER = 2**62
"""Far beyond any use, and still a number that libraries and engines can hold."""

BENCHES = ("import", "analyse", "library", "regrade", "ui", "cluster")


def _positive(text: str) -> int:
    try:
        number = int(text)
    except ValueError:  # no number, or one with more digits than Python reads
        number = 0
    if not 1 <= number <= LARGEST_NUMBER:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above zero")
    return number


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """One command: what it does, in a line, and its arguments."""

    summary: str
    add_arguments: Callable[[argparse.ArgumentParser], None]


def _json(parser: argparse.ArgumentParser, what: str = "the result as one JSON object") -> None:
    parser.add_argument("--json", action="store_true", help=f"print {what}")


def _games(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--all", action="store_true", help="every game of the library")
    which.add_argument("--game", metavar="ID", type=_positive, nargs="+", action="extend", help="these games")
    which.add_argument("--filter", metavar="EXPR", help="games that match (docs/filters.md)")


def _import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="+",
        help="a file (.pgn .pgn.gz .pgn.bz2 .pgn.zst .zip), a folder, or - for standard input",
    )
    parser.add_argument(
        "--enrich", action="store_true", help="put what duplicates carry (comments, clocks …) into the stored games"
    )
    _json(parser)


def _list(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--filter", metavar="EXPR", help="games that match (docs/filters.md)")
    parser.add_argument("--collection", metavar="NAME", help="games of this collection, in its order")
    parser.add_argument("--sort", metavar="COLUMN", help="order by a column of --json, such as date or white_elo")
    parser.add_argument("--descending", action="store_true", help="largest first")
    parser.add_argument("--limit", metavar="N", type=_positive, help="at most so many games")
    _json(parser)


def _analyse(parser: argparse.ArgumentParser) -> None:
    _games(parser)
    depth = parser.add_mutually_exclusive_group()
    depth.add_argument(
        "--profile",
        choices=PROFILES,
        help="how much doubt may remain: about 24, 55 or 200 thousand nodes a position on average "
        "(default: the setting, else standard)",
    )
    depth.add_argument(
        "--nodes", metavar="N", type=_positive, help="exactly N nodes a position: two runs store the same evaluations"
    )
    parser.add_argument(
        "--workers", metavar="N", type=_positive, help="engines that run at once (default: cores - 1, at least 1)"
    )
    parser.add_argument(
        "--engine", metavar="PATH", help="the UCI engine to use, by path or name (default: Stockfish where it is found)"
    )
    parser.add_argument("--syzygy", metavar="FOLDER", help="folder of endgame tables, none for no folder")
    parser.add_argument(
        "--server", metavar="URL", help="search on this analysis server; with --workers N here too (docs/remote.md)"
    )
    parser.add_argument("--token-file", metavar="FILE", help="the server's token (default: KIBITZ_TOKEN, else as kept)")
    _json(parser, "one JSON object a line as things happen, the summary last")


def _show(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", type=_positive, help="the game's number in `kibitz list`")
    parser.add_argument(
        "--engine", metavar="NAME", help="show the analysis by this engine (part of its name, or of its build)"
    )
    _json(parser)


def _export(parser: argparse.ArgumentParser) -> None:
    _games(parser)
    parser.add_argument("-o", "--output", metavar="FILE", required=True, help="the PGN file to write")
    parser.add_argument("--marks", action="store_true", help="write the glyphs of great, brilliant and only moves too")


def _regrade(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--grading", metavar="NAME", help="the grading to use from now on: lichess, lichess_exact, strict-20, your own"
    )
    _json(parser)


def _marks(parser: argparse.ArgumentParser) -> None:
    _games(parser)
    parser.add_argument("--nodes", metavar="N", type=_positive, help="nodes for both lines of a position together")
    parser.add_argument("--engine", metavar="PATH", help="the UCI engine to use")
    _json(parser)


def _delete(parser: argparse.ArgumentParser) -> None:
    _games(parser)
    _json(parser)


def _imports(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("batch", metavar="BATCH", type=_positive, nargs="?", help="the number of one of them")
    parser.add_argument("--rejected-text", action="store_true", help="print the text that it left out, to be mended")
    _json(parser)


def _undo_import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("batch", metavar="BATCH", type=_positive, help="the import's number, `batch_id` of its receipt")
    _json(parser)


def _bin(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("list", "restore", "empty"), nargs="?", default="list")
    parser.add_argument(
        "entry", metavar="ENTRY", type=_positive, nargs="?", help="a number that `kibitz bin list` shows"
    )
    parser.add_argument("--older-than", metavar="DAYS", type=_positive, help="empty: only what was removed before that")
    parser.add_argument("--yes", action="store_true", help="empty: yes, remove for good")
    _json(parser)


def _find_position(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("fen", metavar="FEN", help="the position, between quotation marks")
    parser.add_argument("--filter", metavar="EXPR", help="only games that match (docs/filters.md)")
    parser.add_argument("--limit", metavar="N", type=_positive, help="list at most so many games (default: 100)")
    parser.add_argument(
        "--indexed-only", action="store_true", help="answer at once, from the games that are indexed already"
    )
    _json(parser)


def _some_games(parser: argparse.ArgumentParser, filter_help: str = "games that match (docs/filters.md)") -> None:
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--all", action="store_true", help="every game of the library")
    which.add_argument("--game", metavar="ID", type=_positive, nargs="+", action="extend", help="these games")
    which.add_argument("--filter", metavar="EXPR", help=filter_help)


def _tag(parser: argparse.ArgumentParser) -> None:
    actions = ("list", "add", "remove", "rename", "colour", "delete")
    parser.add_argument("action", choices=actions, nargs="?", default="list")
    parser.add_argument("name", metavar="NAME", nargs="?", help="the tag; `add` makes it where it is new")
    parser.add_argument("new_name", metavar="NEW", nargs="?", help="rename: its name from now on; colour: its colour")
    _some_games(parser)
    parser.add_argument(
        "--colour", metavar="COLOUR", help="red, orange, yellow, green, teal, blue, purple, pink or grey"
    )
    _json(parser)


def _collection(parser: argparse.ArgumentParser) -> None:
    actions = ("list", "create", "add", "remove", "move", "rename", "delete")
    parser.add_argument("action", choices=actions, nargs="?", default="list")
    parser.add_argument("name", metavar="NAME", nargs="?", help="the collection, or PARENT/NAME")
    parser.add_argument("new_name", metavar="NEW", nargs="?", help="rename: its name from now on")
    _some_games(parser, "games that match; with create: make a collection that always holds them")
    parser.add_argument("--in", dest="inside", metavar="PARENT", help="create: inside this collection")
    parser.add_argument("--sort", metavar="COLUMN", help="create, with --filter: order by this column")
    parser.add_argument("--descending", action="store_true", help="create, with --filter: largest first")
    parser.add_argument("--before", metavar="ID", type=_positive, help="add, move: before this game")
    _json(parser)


def _person(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("list", "me", "join", "remove", "suggest"), nargs="?", default="list")
    parser.add_argument("names", metavar="NAME", nargs="*", help="names as games have them")
    _json(parser)


def _bench(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=BENCHES, help="what to measure")
    parser.add_argument(
        "--games", metavar="N", type=_positive, help="how many games (import, library, regrade, analyse)"
    )
    _json(parser)


def _edit(parser: argparse.ArgumentParser) -> None:
    _games(parser)
    parser.add_argument("--set", metavar="TAG=VALUE", action="append", help="give the games this tag; may be repeated")
    parser.add_argument("--remove", metavar="TAG", action="append", help="take this tag away; may be repeated")
    _json(parser)


def _undo_edit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("edit", metavar="ID", type=_positive, nargs="?", help="the edit's number (default: the newest)")
    _json(parser)


def _merge_players(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", metavar="NAME", nargs="*", help="other names of the player, as games have them")
    parser.add_argument("--into", metavar="NAME", help="the name that all these games shall have")
    parser.add_argument("--suggest", action="store_true", help="list names that may be one player's")
    _json(parser)


def _backup(parser: argparse.ArgumentParser) -> None:
    what = ("now", "list", "restore")
    parser.add_argument("what", nargs="?", choices=what, default="now", help="what to do (default: now)")
    parser.add_argument("file", metavar="FILE", nargs="?", help="the backup to restore")
    parser.add_argument(
        "--folder", metavar="FOLDER", help="where backups are (default: the setting, else the library's)"
    )
    _json(parser)


def _doctor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--full", action="store_true", help="read every game of the library again, not a sample")
    parser.add_argument("--repair", action="store_true", help="mend what can be mended in the library")
    _json(parser)


def _serve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", metavar="ADDRESS", help="where to listen (default: 127.0.0.1, this machine alone)")
    parser.add_argument("--port", metavar="N", help="the port to listen on (default: 8642; 0 takes a free one)")
    parser.add_argument(
        "--broker", metavar="URL", help="the workers' broker (default: KIBITZ_BROKER, else local Redis)"
    )
    parser.add_argument("--queue", metavar="NAME", help="the workers' queue (default: chunks)")
    parser.add_argument(
        "--trusted-proxies", metavar="ADDRESSES", help="reverse proxies whose X-Forwarded headers are believed"
    )
    parser.add_argument(
        "--limit", metavar="NAME=N", action="append", help="change a limit (docs/server.md); may be repeated"
    )
    parser.add_argument("--without-tokens", action="store_true", help="ask for no tokens; on this machine alone")


def _token(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("create", "list", "revoke"), nargs="?", default="list")
    parser.add_argument("name", metavar="NAME", nargs="?", help="the token's name, such as laptop-of-anna")
    parser.add_argument("--user", metavar="USER", help="create: whose it is")
    parser.add_argument(
        "--scope", choices=("analyse", "read", "admin"), action="append", help="create: what it allows; may be repeated"
    )
    parser.add_argument("--days", metavar="N", type=_positive, help="create: how long it is valid (default: for ever)")
    _json(parser)


def _engine(parser: argparse.ArgumentParser) -> None:
    actions = ("list", "add", "use", "remove", "set", "download", "releases")
    parser.add_argument("action", choices=actions, nargs="?", default="list", help="what to do (default: list)")
    parser.add_argument("what", metavar="PATH", nargs="?", help="the engine's program; for releases: a file or address")
    parser.add_argument(
        "--option", metavar="NAME=VALUE", action="append", help="for set: a UCI option; may be repeated"
    )
    parser.add_argument("--reset", action="store_true", help="for set: back to the engine's own defaults first")
    parser.add_argument("--syzygy", metavar="FOLDER", help="for set: the folder of endgame tables, none for no folder")
    _json(parser)


def _worker(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--broker", metavar="URL", help="redis:// or amqp:// URL (default: KIBITZ_BROKER)")
    parser.add_argument("--engine", metavar="PATH", help="the UCI engine to use (default: Stockfish where it is found)")
    parser.add_argument(
        "--processes", metavar="N", type=_positive, help="engines that run at once (default: one a core)"
    )
    parser.add_argument("--name", metavar="NAME", help="the worker's name, unique on this machine (default: worker)")
    parser.add_argument("--queues", metavar="NAMES", help="queues to take chunks from, by commas (default: chunks)")
    parser.add_argument(
        "--grace",
        metavar="SECONDS",
        type=_positive,
        default=30,
        help="how long running chunks may go on when told to end (default: 30)",
    )
    parser.add_argument(
        "--metrics", metavar="ADDRESS:PORT", help="where Prometheus may ask, as 127.0.0.1:9101 (default: nowhere)"
    )


COMMANDS: dict[str, CommandSpec] = {
    "import": CommandSpec("add games to the library", _import),
    "list": CommandSpec("list the library's games", _list),
    "analyse": CommandSpec("let the engine review games; repeating it goes on where it stopped", _analyse),
    "show": CommandSpec("one game with evaluations, verdicts and summary", _show),
    "export": CommandSpec("write games as annotated PGN", _export),
    "regrade": CommandSpec("judge all games again from their stored evaluations, by another grading", _regrade),
    "marks": CommandSpec("look for great, brilliant and only moves of analysed games", _marks),
    "delete": CommandSpec("move games into the bin", _delete),
    "bin": CommandSpec("what was removed: list it, restore it, or remove it for good", _bin),
    "imports": CommandSpec("what was imported, the receipt of an import, the text it rejected", _imports),
    "undo-import": CommandSpec("take a whole import back, into the bin", _undo_import),
    "find-position": CommandSpec("games that have a position, and what was played there", _find_position),
    "edit": CommandSpec("change tags of games: players, ratings, result, date, event …", _edit),
    "edits": CommandSpec("what was edited", _json),
    "undo-edit": CommandSpec("take an edit back", _undo_edit),
    "merge-players": CommandSpec("give all games of a player one name", _merge_players),
    "backup": CommandSpec("back the library up, list its backups, or restore one", _backup),
    "compact": CommandSpec("give back the room that removed games left", _json),
    "tag": CommandSpec("put tags on games, take them off, list them", _tag),
    "collection": CommandSpec("lists of games chosen by hand, and saved filters", _collection),
    "person": CommandSpec("say which names are one player's, and which are yours", _person),
    "engine": CommandSpec("engines: list, add, choose, set options, download the official build", _engine),
    "doctor": CommandSpec("what works here, what does not, and what to do; checks and mends the library", _doctor),
    "serve": CommandSpec("the analysis server in front of the workers (docs/server.md)", _serve),
    "token": CommandSpec("who may use the analysis server: make, list, revoke tokens", _token),
    "worker": CommandSpec("search for an analysis server until told to end (docs/workers.md)", _worker),
    "bench": CommandSpec("measure this machine and this build", _bench),
}
