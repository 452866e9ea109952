"""Makes game records for the library's tests: real rules, any headers, as many different games as wanted."""

from __future__ import annotations

import random

import chess

from desktop_app.domain.game import GameRecord, Opening
from desktop_app.domain.moves import pack_moves

RUY_LOPEZ = ("e2e4", "e7e5", "g1f3", "b8c6", "f1b5")


def make_record(
    *moves: str,
    opening: Opening | None = None,
    partial: str | None = None,
    not_judged: str | None = None,
    comment: str = "",
    **headers: str,
) -> GameRecord:
    """A game with these UCI moves (the Ruy Lopez without any) and headers; the seven usual tags have defaults."""
    tags = {
        "Event": "Club evening",
        "Site": "?",
        "Date": "2021.10.05",
        "Round": "1",
        "White": "Carlsen, Magnus",
        "Black": "Niemann, Hans",
        "Result": "1-0",
        **headers,
    }
    line = [chess.Move.from_uci(move) for move in moves or RUY_LOPEZ]
    text = chess.Board().variation_san(line)
    pgn = "".join(f'[{name} "{value}"]\n' for name, value in tags.items())
    return GameRecord(
        headers=tuple(tags.items()),
        variant="chess",
        start_fen=None,
        moves=pack_moves(line),
        ply_count=len(line),
        pgn=f"{pgn}\n{text} {{ {comment} }} {tags['Result']}\n" if comment else f"{pgn}\n{text} {tags['Result']}\n",
        opening=opening,
        partial=partial,
        not_judged=not_judged,
    )


def make_records(count: int, *, seed: int = 1, plies: int = 6) -> list[GameRecord]:
    """Different games between a few players, the same for the same seed."""
    rng = random.Random(seed)  # noqa: S311 -- test data
    players = ("Anand, V", "Carlsen, M", "Ding, L", "Nepo, I", "So, W")
    records = []
    for number in range(count):
        board = chess.Board()
        line = []
        for _ in range(plies):
            move = rng.choice(list(board.legal_moves))
            line.append(move.uci())
            board.push(move)
        white, black = rng.sample(players, 2)
        result = rng.choice(("1-0", "0-1", "1/2-1/2"))
        round_ = f"{seed}.{number}"
        date = f"{rng.randrange(1990, 2026)}.{rng.randrange(1, 13):02}.??"
        records.append(make_record(*line, White=white, Black=black, Result=result, Round=round_, Date=date))
    return records
