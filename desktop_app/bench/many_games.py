"""A million different games for benches, from a pool of real ones. Seeded; one thread. Called by `library_bench`."""

from __future__ import annotations

import os
import random
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import chess

from desktop_app import paths
from desktop_app.domain.evaluation import Cp, EngineIdentity, Evaluation
from desktop_app.domain.filters import GameQuery
from desktop_app.domain.game import GameRecord, Ply
from desktop_app.domain.judgement import GameSummary, SideSummary
from desktop_app.domain.moves import pack_moves, unpack_moves
from desktop_app.domain.profile import AnalysisKey, Profile, SearchSpec
from desktop_app.domain.work import JobState
from desktop_app.library.evaluations import ChunkToStore, StoredPosition
from desktop_app.library.library import Library
from desktop_app.services.import_games import import_sources

if TYPE_CHECKING:
    from collections.abc import Sequence

SEED = 20261123
_POOL = 8_000
_PLAYED_ON = 2_000
_PLIES = 80
_TITLES = ("Open", "Olympiad", "Masters", "Club evening", "League", "Memorial", "Rated Blitz game", "Rated Rapid game")
_TOWNS = ("Reykjavik", "Wijk aan Zee", "Moscow", "Chennai", "London", "Biel", "Havana", "Dortmund", "Linares", "Tromsø")
_CONTROLS = ("60+0", "180+0", "180+2", "300+3", "600+5", "900+10", "5400+30", "-", "40/7200:3600", "1/86400")
_ENDS = ("Normal", "Normal", "Normal", "Time forfeit", "Abandoned")
_LONGEST_TEXT = 1_500
_COMMENTED_SHARE = 0.1
_WORDS = 20_000
_CHESS_WORDS = (
    "the",
    "white",
    "is",
    "better",
    "black",
    "a",
    "pawn",
    "attack",
    "knight",
    "zugzwang",
    "endgame",
    "novelty",
)
_SYLLABLES = (
    "an", "ber", "car", "den", "el", "fis", "gor", "hol", "iv", "jan", "kar", "lar", "mor", "nak", "ov", "pet", "qui",
    "ros", "sen", "tal", "ur", "vas", "wol", "yan", "zuk",
)  # fmt: skip


def pool(games: int = _POOL) -> list[GameRecord]:
    """Different games to multiply: a corpus of real ones where one is named, else the samples played on at random."""
    folder = os.environ.get("KIBITZ_CORPUS")
    sources = sorted((Path(folder) / "games").glob("*.pgn*")) if folder else [paths.resource("samples.pgn")]
    with tempfile.TemporaryDirectory() as place, Library.open(Path(place) / "pool.kibitz") as library:
        import_sources(library, sources, workers=2)
        rows = library.games.page(GameQuery(), 0, games)
        found = [library.games.get(row.id).record for row in rows if row.ply_count and not row.not_judged]
    draw = random.Random(SEED)  # noqa: S311 -- bench data, not a secret
    if len(found) < _PLAYED_ON:
        found += [_played_on(draw.choice(found), draw) for _ in range(_PLAYED_ON)]
    return found


def _played_on(record: GameRecord, draw: random.Random) -> GameRecord:
    """The game up to some move, then random legal moves: another game that begins the same."""
    line = unpack_moves(record.moves)
    line = line[: draw.randrange(min(30, len(line)))]
    board = chess.Board()
    for move in line:
        board.push(move)
    while len(line) < _PLIES and (legal := list(board.legal_moves)):
        move = draw.choice(legal)
        board.push(move)
        line.append(move)
    return replace(record, moves=pack_moves(line), ply_count=len(line), start_fen=None, variant="chess")


class Multiples:
    """Makes game number `index` from the pool, always the same one."""

    def __init__(self, originals: Sequence[GameRecord], *, players: int = 60_000, events: int = 8_000) -> None:
        self._originals = originals
        draw = random.Random(SEED)  # noqa: S311 -- bench data, not a secret
        names = {f"{_word(draw)}, {_word(draw)}": None for _ in range(players)}
        self._players = ["Carlsen, Magnus", "Anand, Viswanathan", *names]
        self._events = [
            f"{draw.choice(_TOWNS)} {draw.choice(_TITLES)} {draw.randrange(1950, 2026)}" for _ in range(events)
        ]
        self._words = [*_CHESS_WORDS, *dict.fromkeys(_word(draw).lower() for _ in range(_WORDS))]

    def game(self, index: int) -> GameRecord:
        """One game; the same players meet often, most players rarely."""
        draw = random.Random(SEED + index)  # noqa: S311 -- bench data, not a secret
        record = self._originals[draw.randrange(len(self._originals))]
        online = draw.random() < 0.5
        result = draw.choices(("1-0", "0-1", "1/2-1/2"), (45, 35, 20))[0]
        headers = dict(record.headers)
        headers |= {
            "White": self._player(draw),
            "Black": self._player(draw),
            "Result": result,
            "Date": f"{draw.randrange(1950, 2026)}.{draw.randrange(1, 13):02}.{draw.randrange(1, 29):02}",
            "Event": "Rated Blitz game" if online else draw.choice(self._events),
            "Site": f"https://lichess.org/{index:08d}" if online else draw.choice(_TOWNS),
            "Round": str(index),
            "WhiteElo": str(round(draw.gauss(1900, 300))),
            "BlackElo": str(round(draw.gauss(1900, 300))),
            "TimeControl": draw.choice(_CONTROLS),
            "Termination": draw.choice(_ENDS),
        }
        headers.pop("Link", None)
        pgn = record.pgn[:_LONGEST_TEXT]
        if draw.random() < _COMMENTED_SHARE:
            words = (self._words[int(len(self._words) * draw.random() ** 4)] for _ in range(draw.randrange(5, 60)))
            pgn = pgn.replace("\n\n", f"\n\n{{ {' '.join(words)} }} ", 1)
        return replace(record, headers=tuple(headers.items()), pgn=pgn)

    def _player(self, draw: random.Random) -> str:
        return self._players[int(len(self._players) * draw.random() ** 3)]

    def pretend_analysis(self, library: Library, games: int) -> None:
        """Give so many games the summary of an analysis of one position."""
        spec = SearchSpec(Profile.CUSTOM, 1, reproducible=True)
        key = AnalysisKey(EngineIdentity("Bench", "0", ()), spec)
        ids = library.games.ids(GameQuery())
        ids = ids[:: max(1, len(ids) // max(1, games))][:games]
        job = library.jobs.create(ids, engine_path="bench", spec=spec, workers=1)
        draw = random.Random(SEED)  # noqa: S311 -- bench data, not a secret
        position = StoredPosition(Ply(0), Evaluation(Cp(20), 1, 1, None, (), 1), None)
        for item in library.jobs.items(job):
            sides = [
                SideSummary(
                    accuracy=draw.uniform(40, 100),
                    acpl=draw.uniform(5, 120),
                    inaccuracies=draw.randrange(8),
                    mistakes=draw.randrange(5),
                    blunders=draw.randrange(6),
                )
                for _ in range(2)
            ]
            summary = GameSummary(sides[0], sides[1], ())
            library.evaluations.store_chunk(
                ChunkToStore(
                    item_id=item.id, game_id=item.game_id, key=key, positions=(position,), positions_total=1,
                    summary=summary, grading="lichess",
                )
            )  # fmt: skip
        library.jobs.set_state(job, JobState.DONE)


def _word(draw: random.Random) -> str:
    return "".join(draw.choice(_SYLLABLES) for _ in range(draw.randrange(2, 4))).capitalize()
