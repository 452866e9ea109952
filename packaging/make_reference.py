#!/usr/bin/env python3
"""Make the deep reference that `kibitz bench analyse` measures verdicts against.

    python packaging/make_reference.py GAMES.pgn OUTPUT.jsonl --engine /usr/games/stockfish [--trails TRAILS.jsonl]

Every position of every game is searched with NODES nodes, one thread, exact scores only, from the last position to the
first with a hash that is kept within a game and cleared between games. OUTPUT holds moves and evaluations and nothing
else of the games; its first line says how it was made. A run that is interrupted goes on where it stopped; several runs
may share the work (`--part 1/2`), each with an output of its own, and the parts are joined by concatenation. Games come
in an order that spreads ratings evenly, so that the first n of them are a sample, too.

TRAILS keeps every exact score by depth of the same searches: for choosing constants, not for measuring.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import chess
import chess.engine
import chess.pgn

NODES = 3_000_000
HASH_MB = 512


def main() -> int:
    """Search what is missing."""
    options = read_options()
    games = spread(read_games(options.games))
    part, parts = map(int, options.part.split("/"))
    wanted = games[part - 1 :: parts]
    done = finished(options.output)
    with chess.engine.SimpleEngine.popen_uci(options.engine, timeout=60) as engine:
        engine.configure({"Threads": 1, "Hash": HASH_MB})
        if not options.output.exists():
            append(options.output, heading(options.engine, engine.id["name"]))
        for number, game in enumerate(wanted, 1):
            if game.headers["Site"] in done:
                continue
            row, trails = search_game(engine, game)
            if options.trails:
                append(options.trails, {"site": row["site"], "trails": trails})
            append(options.output, row)
            print(f"{number}/{len(wanted)} {row['site']}: {len(row['positions'])} positions", flush=True)
    return 0


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Make the deep reference of `kibitz bench analyse`.")
    parser.add_argument("games", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--engine", required=True)
    parser.add_argument("--part", default="1/1", help="this run's share of the games, as 1/2")
    parser.add_argument("--trails", type=Path, help="where to keep the scores by depth")
    return parser.parse_args()


def heading(path: str, name: str) -> dict[str, Any]:
    """How the reference was made."""
    build = hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16]
    return {"engine": name, "build": build, "nodes": NODES, "hash_mb": HASH_MB, "threads": 1, "order": "backwards"}


def read_games(path: Path) -> list[chess.pgn.Game]:
    """All games of the file."""
    games = []
    with path.open(encoding="utf-8") as file:
        while (game := chess.pgn.read_game(file)) is not None:
            games.append(game)
    return games


def spread(games: list[chess.pgn.Game]) -> list[chess.pgn.Game]:
    """By rating, then so that any first n are spread evenly: the order of a van der Corput sequence."""

    def rating(game: chess.pgn.Game) -> int:
        return int(game.headers["WhiteElo"]) + int(game.headers["BlackElo"])

    ranked = sorted(games, key=rating)
    places = sorted(range(len(ranked)), key=lambda place: int(f"{place:016b}"[::-1], 2))
    return [ranked[place] for place in places]


def finished(output: Path) -> set[str]:
    """Sites of the games that are done."""
    if not output.exists():
        return set()
    return {row["site"] for row in map(json.loads, output.read_text(encoding="utf-8").splitlines()) if "site" in row}


def search_game(engine: chess.engine.SimpleEngine, game: chess.pgn.Game) -> tuple[dict[str, Any], list[Any]]:
    """One game's row, and the trail of each position."""
    moves = list(game.mainline_moves())
    positions: list[Any] = []
    trails: list[Any] = []
    for ply in range(len(moves), -1, -1):
        board = game.board()
        for move in moves[:ply]:
            board.push(move)
        found, trail = (None, []) if board.is_game_over() else search(engine, board, game)
        positions.insert(0, found)
        trails.insert(0, trail)
    headers = game.headers
    return {
        "site": headers["Site"],
        "white_elo": int(headers["WhiteElo"]),
        "black_elo": int(headers["BlackElo"]),
        "time_control": headers["TimeControl"],
        "moves": " ".join(move.uci() for move in moves),
        # from the start position on, null where the game is over: centipawns or null, mate in moves or null (both from
        # White's side), best move, depth, nodes
        "positions": positions,
    }, trails


def search(engine: chess.engine.SimpleEngine, board: chess.Board, game: object) -> tuple[list[Any], list[Any]]:
    """The last exact score of one search, and all of them by depth."""
    trail: list[list[Any]] = []
    with engine.analysis(board, chess.engine.Limit(nodes=NODES), game=game) as analysis:
        for info in analysis:
            if "score" not in info or "pv" not in info or info.get("lowerbound") or info.get("upperbound"):
                continue
            score = info["score"].white()
            pv = info["pv"]
            trail.append([score.score(), score.mate(), pv[0].uci(), info.get("depth"), info.get("nodes")])
    return trail[-1], trail


def append(path: Path, row: dict[str, Any]) -> None:
    """One line more, whole or not at all as far as a later run is concerned."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    sys.exit(main())
