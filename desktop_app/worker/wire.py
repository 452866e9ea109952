"""Tasks as JSON and back, and what makes a payload worth searching. Pure; any thread.

Everything a worker is sent comes through here first: whatever it is, it becomes a `ChunkTask` that an engine can be
told, or a `RefusedError` with a sentence. Called by `worker.client` before submitting and by `worker.tasks`.
"""

from __future__ import annotations

from typing import Any, Final, NoReturn

import chess

from desktop_app.analysis.payload import PAYLOAD_VERSION
from desktop_app.analysis.plan import IMPOSSIBLE_START
from desktop_app.domain.profile import Profile
from desktop_app.worker.messages import TASK_VERSION, ChunkTask, EngineWish, Json, RefusedError

MOST_ID = 200
MOST_FEN = 128
MOST_MOVES = 2000
"""No game of any database is longer; the longest one of a tournament has 538 plies."""
MOST_PLIES = 64
MOST_NODES = 25_000_000
"""Nodes of one task in all, warm-up included: so that no task outlasts RabbitMQ's patience (`worker.limits`)."""
HASH_SIZES_MB: Final = (16, 64)
"""What `SearchSpec.hash_mb` knows."""


def task_to_payload(task: ChunkTask) -> Json:
    """The task as JSON values."""
    return {
        "version": [TASK_VERSION, PAYLOAD_VERSION],
        "task_id": task.task_id,
        "batch": task.batch,
        "chunk": {
            "root_fen": task.root_fen,
            "moves": list(task.moves),
            "chess960": task.chess960,
            "plies": list(task.plies),
            "warmup_ply": task.warmup_ply,
            "limit_nodes": task.limit_nodes,
            "hash_mb": task.hash_mb,
        },
        "profile": task.profile,
        "reproducible": task.reproducible,
        "engine": None if task.engine is None else {"name": task.engine.name, "build": task.engine.build},
    }


def task_from_payload(payload: Any) -> ChunkTask:
    """The task that `task_to_payload` wrote, checked by `check_task`.

    Raises:
        RefusedError: anything else.
    """
    if not isinstance(payload, dict):
        _refuse("The payload is no JSON object")
    if payload.get("version") != [TASK_VERSION, PAYLOAD_VERSION]:
        _refuse(
            f"The payload has version {str(payload.get('version'))[:40]}; this worker reads "
            f"{[TASK_VERSION, PAYLOAD_VERSION]}. Update the older side"
        )
    try:
        task = _read(payload, payload["chunk"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RefusedError(f"The payload is malformed: {str(error)[:200]}.") from error
    check_task(task)
    return task


def _read(payload: Json, chunk: Json) -> ChunkTask:
    wish, warmup = payload["engine"], chunk["warmup_ply"]
    return ChunkTask(
        task_id=_text(payload["task_id"]),
        batch=_text(payload["batch"]),
        root_fen=_text(chunk["root_fen"]),
        moves=tuple(_text(move) for move in _list(chunk["moves"])),
        chess960=_flag(chunk["chess960"]),
        plies=tuple(_whole(ply) for ply in _list(chunk["plies"])),
        warmup_ply=None if warmup is None else _whole(warmup),
        limit_nodes=_whole(chunk["limit_nodes"]),
        hash_mb=_whole(chunk["hash_mb"]),
        profile=_text(payload["profile"]),
        reproducible=_flag(payload["reproducible"]),
        engine=None if wish is None else EngineWish(_maybe_text(wish["name"]), _maybe_text(wish["build"])),
    )


def check_task(task: ChunkTask) -> None:
    """Make sure that every ply of the task can be searched.

    Raises:
        RefusedError: it cannot, or it is too much for one task.
    """
    if not 1 <= len(task.task_id) <= MOST_ID or len(task.batch) > MOST_ID:
        _refuse(f"Ids have 1 to {MOST_ID} characters")
    if task.profile not in set(Profile):
        _refuse(f"There is no profile {task.profile[:40]!r}")
    _check_size(task)
    _check_chess(task)


def _check_size(task: ChunkTask) -> None:
    searched = _searched(task)
    if not task.plies or len(task.plies) > MOST_PLIES or len(set(task.plies)) != len(task.plies):
        _refuse(f"A chunk asks for 1 to {MOST_PLIES} different plies")
    if len(task.moves) > MOST_MOVES:
        _refuse(f"A chunk has at most {MOST_MOVES} moves")
    if min(searched) < 0 or max(searched) > len(task.moves):
        _refuse("A ply lies outside the chunk's moves")
    if task.limit_nodes < 1 or task.limit_nodes * len(searched) > MOST_NODES:
        _refuse(f"A chunk searches 1 to {MOST_NODES} nodes in all; ask for fewer positions at once")
    if task.hash_mb not in HASH_SIZES_MB:
        _refuse(f"The hash table has {' or '.join(map(str, HASH_SIZES_MB))} MB")


def _check_chess(task: ChunkTask) -> None:
    searched = _searched(task)
    if len(task.root_fen) > MOST_FEN:
        _refuse("The start position cannot be read: it is too long")
    try:
        board = chess.Board(task.root_fen, chess960=task.chess960)
    except ValueError as error:
        raise RefusedError(f"The start position cannot be read: {str(error)[:200]}.") from error
    if board.status() & IMPOSSIBLE_START:
        _refuse("The start position is impossible in chess")
    for ply in range(max(searched) + 1):
        if ply in searched and not any(board.generate_legal_moves()):
            _refuse(f"The game is over at ply {ply}: there is nothing to search")
        if ply < len(task.moves):
            _push(board, task.moves[ply], ply)


def _push(board: chess.Board, uci: str, ply: int) -> None:
    try:
        move = board.parse_uci(uci)
    except ValueError as error:
        raise RefusedError(f"Move {ply + 1}, {uci[:10]!r}, is not legal.") from error
    if not move:
        _refuse(f"Move {ply + 1} is a null move, which no engine can be told")
    board.push(move)


def _searched(task: ChunkTask) -> set[int]:
    return {*task.plies, *(() if task.warmup_ply is None else (task.warmup_ply,))} or {0}


def positions_searched(task: ChunkTask) -> int:
    """How many searches the task takes, the warm-up included."""
    return len(task.plies) + (task.warmup_ply is not None)


def _refuse(text: str) -> NoReturn:
    raise RefusedError(f"{text}.")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"not a text: {str(value)[:40]}")
    return value


def _maybe_text(value: Any) -> str | None:
    return None if value is None else _text(value)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"not a list: {str(value)[:40]}")
    return value


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise TypeError(f"not a whole number: {str(value)[:40]}")
    return value


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        raise TypeError(f"not true or false: {str(value)[:40]}")
    return value
