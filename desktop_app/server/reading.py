"""A request's body -> what the library is asked to store, or a refusal that names the field. Blocking; worker threads.

Everything is checked before anything is stored: shapes by pydantic, chess by `chess_checks`, sizes by the server's
limits. Called by the routes through a thread, since ten thousand games take seconds.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import chess
from pydantic import BaseModel, ValidationError

from desktop_app.domain.judgement import GRADINGS
from desktop_app.domain.moves import unpack_moves
from desktop_app.domain.profile import CHUNK_POSITIONS, Profile
from desktop_app.domain.served import BatchKind, Limits, NewBatch, NewChunk, NewGame
from desktop_app.library.server_events import deflate
from desktop_app.pgn.blocks import BlockCutter
from desktop_app.pgn.fast.blocks import FastReader, Stretch
from desktop_app.pgn.fast.counts import count_lines
from desktop_app.pgn.reader import read_game
from desktop_app.pgn.splitter import RawGame, Splitter, StrayText
from desktop_app.server.chess_checks import NotChessError, Referee
from desktop_app.server.plain_lines import known_legal
from desktop_app.server.refusals import invalid
from desktop_app.server.schemas import BatchIn, ChunkIn, GameIn
from desktop_app.worker.wire import HASH_SIZES_MB, MOST_MOVES, MOST_NODES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from desktop_app.domain.game import GameRecord

M = TypeVar("M", bound=BaseModel)

_MOST_PROBLEMS = 100
_JUDGED = ("chess", "chess960")


@dataclass(slots=True)
class Submission:
    """A batch as it was asked for, checked; `problems` are the games of a PGN that could not be read."""

    batch: NewBatch
    chunks: list[NewChunk] = field(default_factory=list)
    games: list[NewGame] = field(default_factory=list)
    problems: list[dict[str, object]] = field(default_factory=list)


def parse(model: type[M], body: bytes) -> M:
    """The body as this model. Raises ApiError 422 with the first thing that is wrong."""
    try:
        return model.model_validate_json(body or b"{}")
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the body"
        raise invalid(f"{where[:200]}: {first['msg']}.") from None


def read_batch(body: bytes, limits: Limits) -> Submission:
    """A whole submission. Raises ApiError."""
    asked = parse(BatchIn, body)
    kind = _kind(asked)
    profile, nodes = _depth(asked, kind, limits)
    grading = _grading(asked, kind)
    batch = NewBatch(
        name=asked.name,
        kind=kind,
        priority=asked.priority,
        wait=asked.wait,
        engine_name=asked.engine.name if asked.engine else None,
        engine_build=asked.engine.build if asked.engine else None,
        profile=profile,
        nodes=nodes,
        grading=grading,
        idempotency_key=asked.idempotency_key,
        digest=hashlib.sha256(body).digest(),
    )
    if asked.chunks is not None:
        return Submission(batch, chunks=read_chunks(asked.chunks, limits))
    if asked.games is not None:
        return Submission(batch, games=_games(asked.games, limits))
    games, problems = read_pgn(asked.pgn or "", limits)
    return Submission(batch, games=games, problems=problems)


def read_chunks(chunks: Sequence[ChunkIn], limits: Limits) -> list[NewChunk]:
    """Chunks, each checked. Raises ApiError."""
    if len(chunks) > limits.chunks_per_request:
        raise invalid(f"chunks: at most {limits.chunks_per_request} in one request; send the others in further ones.")
    for number, chunk in enumerate(chunks):
        where = f"chunks.{number}"
        reach = max(*chunk.plies, chunk.warmup_ply or 0)
        if reach > len(chunk.moves) or len(set(chunk.plies)) < len(chunk.plies):
            raise invalid(f"{where}.plies: each once, and none beyond the moves.")
        searches = len(chunk.plies) + (chunk.warmup_ply is not None)
        if chunk.limit_nodes * searches > min(limits.limit_nodes * searches, MOST_NODES):
            raise invalid(
                f"{where}.limit_nodes: at most {limits.limit_nodes} a position and {MOST_NODES} a chunk here."
            )
        if chunk.hash_mb not in HASH_SIZES_MB or len(chunk.moves) > MOST_MOVES:
            raise invalid(f"{where}: hash_mb is one of {HASH_SIZES_MB}, and at most {MOST_MOVES} moves are taken.")
    _check_lines("chunks", [(chunk.root_fen, chunk.moves, chunk.chess960) for chunk in chunks])
    return [NewChunk(chunk.key, deflate(chunk.model_dump(exclude={"key"}))) for chunk in chunks]


def read_pgn(pgn: str, limits: Limits) -> tuple[list[NewGame], list[dict[str, object]]]:
    """The games of a PGN, numbered from 1 as they stand in it, and what could not be read. Raises ApiError."""
    games: list[NewGame] = []
    problems: list[dict[str, object]] = []
    for number, (line, found) in enumerate(_pgn_games(pgn.encode("utf-8", "replace")), 1):
        if number > limits.games_per_batch:
            raise invalid(f"pgn: at most {limits.games_per_batch} games in one batch.")
        if isinstance(found, str) or len(found.moves) > limits.plies_per_game:
            why = found if isinstance(found, str) else f"more than {limits.plies_per_game} half-moves"
            problems.append({"game": str(number), "line": line, "message": why})
        else:
            games.append(NewGame(str(number), found.root_fen, found.moves, found.chess960))
    if not games:
        first = f" {problems[0]['message']}" if problems else ""
        raise invalid(f"pgn: there is no game in it that can be analysed.{first}")
    return games, problems[:_MOST_PROBLEMS]


def _pgn_games(data: bytes) -> Iterator[tuple[int, NewGame | str]]:
    """Line and game, or why it is none; the fast way where that is exact, as an import does."""
    fast = FastReader({})
    for block in BlockCutter(io.BytesIO(data)):
        if block.data is None:
            yield from _careful(block.pieces)
            continue
        line, counted = block.line, 0
        for part in fast.read(block.data):
            at = part.start if isinstance(part, Stretch) else part.starts[0]
            line, counted = line + count_lines(block.data[counted:at]), at
            if isinstance(part, Stretch):
                splitter = Splitter(byte_offset=block.byte_offset + at, line=line)
                yield from _careful([*splitter.feed(block.data[at : part.end]), *splitter.finish()])
            else:
                for moves, why in zip(part.games.moves, part.games.not_judged, strict=True):
                    yield line, why or _game(moves, chess.STARTING_FEN, chess960=False)


def _careful(pieces: Sequence[RawGame | StrayText]) -> Iterator[tuple[int, NewGame | str]]:
    for piece in pieces:
        if isinstance(piece, RawGame):
            reading = read_game(piece)
            if reading.record is None:
                yield piece.line, reading.problem.reason if reading.problem else "the game cannot be read"
            else:
                yield piece.line, _of_record(reading.record)


def _of_record(record: GameRecord) -> NewGame | str:
    if record.not_judged or record.variant not in _JUDGED:
        return record.not_judged or "this variant is not analysed"
    return _game(record.moves, record.start_fen or chess.STARTING_FEN, chess960=record.variant == "chess960")


def _game(packed: bytes, root_fen: str, *, chess960: bool) -> NewGame:
    return NewGame("", root_fen, tuple(move.uci() for move in unpack_moves(packed)), chess960)


def _games(games: Sequence[GameIn], limits: Limits) -> list[NewGame]:
    if not games:
        raise invalid("games: there must be at least one.")
    if len(games) > limits.games_per_batch:
        raise invalid(f"games: at most {limits.games_per_batch} in one batch.")
    found = []
    for number, game in enumerate(games):
        if len(game.moves) > limits.plies_per_game:
            raise invalid(f"games.{number}.moves: at most {limits.plies_per_game} half-moves.")
        found.append(NewGame(game.ref, game.root_fen or chess.STARTING_FEN, tuple(game.moves), game.chess960))
    _check_lines("games", [(game.root_fen, game.moves, game.chess960) for game in found])
    return found


def _check_lines(name: str, lines: Sequence[tuple[str, Sequence[str], bool]]) -> None:
    """Start position, moves and whether it is Chess960, of each item of a list of this name. Raises ApiError."""
    plain = [number for number, (root, _, chess960) in enumerate(lines) if root == chess.STARTING_FEN and not chess960]
    legal = known_legal([lines[number][1] for number in plain])
    sure = {number for number, known in zip(plain, legal, strict=True) if known}
    referee = Referee()
    for number, (root, moves, chess960) in enumerate(lines):
        if number not in sure:
            try:
                referee.check_line(root, moves, chess960=chess960)
            except NotChessError as error:
                raise invalid(f"{name}.{number}: {error}.") from None


def _kind(asked: BatchIn) -> BatchKind:
    given = [name for name in ("chunks", "games", "pgn") if getattr(asked, name) is not None]
    if len(given) != 1:
        raise invalid(f"Give exactly one of chunks, games and pgn, not {' and '.join(given) or 'none'}.")
    return BatchKind.CHUNKS if given == ["chunks"] else BatchKind.GAMES


def _depth(asked: BatchIn, kind: BatchKind, limits: Limits) -> tuple[str | None, int | None]:
    if kind is BatchKind.CHUNKS:
        if asked.profile is not None or asked.nodes is not None:
            raise invalid("profile, nodes: chunks carry their own limits.")
        return None, None
    if asked.profile is not None and asked.nodes is not None:
        raise invalid("Give profile or nodes, not both.")
    most = min(limits.limit_nodes, MOST_NODES // (CHUNK_POSITIONS + 1))
    if asked.nodes is not None and asked.nodes > most:
        raise invalid(f"nodes: at most {most} a position here.")
    if asked.nodes is not None:
        return None, asked.nodes
    return asked.profile or Profile.STANDARD.value, None


def _grading(asked: BatchIn, kind: BatchKind) -> str | None:
    if kind is BatchKind.CHUNKS:
        if asked.grading is not None:
            raise invalid("grading: chunks are not judged here.")
        return None
    grading = asked.grading or "lichess"
    if grading not in GRADINGS:
        raise invalid(f"grading: one of {', '.join(GRADINGS)}.")
    return grading
