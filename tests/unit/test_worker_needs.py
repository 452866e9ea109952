"""What a worker's code needs to run, and what it makes of messages: no Qt, no SQL, no broker."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import chess
import pytest

from desktop_app.worker.board import Board, Counts, batch_mark, task_mark
from desktop_app.worker.limits import time_limits
from desktop_app.worker.messages import ChunkTask, EngineWish, RefusedError
from desktop_app.worker.wire import MOST_NODES, check_task, task_from_payload, task_to_payload

ROOT = Path(__file__).resolve().parents[2]
RABBITMQ_PATIENCE_S = 30 * 60

BLOCKED = """
import importlib, sys

class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked!r}:
            raise ImportError(name + " is not installed here")

sys.meta_path.insert(0, Nothing())
for name in {modules!r}:
    importlib.import_module(name)
"""


def run(blocked: set[str], modules: list[str]) -> None:
    """Import modules in a fresh interpreter that lacks packages."""
    program = BLOCKED.format(blocked=blocked, modules=modules)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr


def a_task(**changed: object) -> ChunkTask:
    """A good one."""
    values: dict[str, object] = {
        "task_id": "t", "batch": "b", "root_fen": chess.STARTING_FEN, "moves": ("e2e4", "e7e5"), "chess960": False,
        "plies": (1, 0), "warmup_ply": 2, "limit_nodes": 1000, "engine": EngineWish("Stockfish", None),
    }  # fmt: skip
    return ChunkTask(**(values | changed))  # type: ignore[arg-type] - tests change what they like


def test_workers_run_where_neither_qt_nor_sql_is_installed() -> None:
    """Everything `kibitz worker` loads, down to its command, imports without them."""
    pytest.importorskip("celery", reason="the core without Celery is tested without it")
    run(
        {"PySide6", "shiboken6", "qasync", "sqlalchemy", "alembic", "psycopg", "sqlite3", "zstandard", "fastapi"},
        [
            "desktop_app.__main__",
            "desktop_app.cli.main",
            "desktop_app.cli.worker_command",
            "desktop_app.worker.service",
        ],
    )


def test_what_travels_is_read_where_chess_alone_is_installed() -> None:
    """The base install checks tasks and searches them: everything but Celery's own half."""
    run(
        {"PySide6", "sqlalchemy", "celery", "kombu", "redis", "psutil", "platformdirs"},
        ["desktop_app.worker.wire", "desktop_app.worker.lifecycle", "desktop_app.worker.limits"],
    )


def test_a_task_survives_the_journey() -> None:
    """JSON and back is the same task."""
    for task in (a_task(), a_task(engine=None, warmup_ply=None, reproducible=True, hash_mb=64, profile="deep")):
        assert task_from_payload(task_to_payload(task)) == task


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"task_id": ""}, "Ids"),
        ({"task_id": "x" * 201}, "Ids"),
        ({"root_fen": "nonsense"}, "start position"),
        ({"root_fen": "8/8/8/8/8/8/8/8 w - - 0 1"}, "impossible"),
        ({"root_fen": "9" * 500}, "too long"),
        ({"moves": ("e2e4", "e2e4")}, "not legal"),
        ({"moves": ("0000", "e7e5")}, "null move"),
        ({"moves": ("f2f3", "e7e5", "g2g4", "d8h4"), "plies": (4,), "warmup_ply": None}, "over"),
        ({"plies": ()}, "different plies"),
        ({"plies": (1, 1)}, "different plies"),
        ({"plies": (3,)}, "outside"),
        ({"warmup_ply": -1}, "outside"),
        ({"limit_nodes": 0}, "nodes"),
        ({"limit_nodes": MOST_NODES}, "nodes"),
        ({"hash_mb": 4096}, "hash"),
        ({"profile": "deepest"}, "profile"),
    ],
)
def test_what_is_not_chess_is_refused_with_a_reason(changed: dict[str, object], says: str) -> None:
    """Never another error, always a sentence."""
    with pytest.raises(RefusedError, match=says):
        check_task(a_task(**changed))


def test_no_task_outlasts_rabbitmqs_patience() -> None:
    """The hard limit of the largest task stays below the 30 minutes after which RabbitMQ takes a message back."""
    soft, hard = time_limits(a_task(limit_nodes=MOST_NODES // 3))
    assert soft < hard < RABBITMQ_PATIENCE_S
    assert time_limits(a_task(limit_nodes=10))[0] < soft


def test_the_board_remembers_who_is_cancelled_and_what_was_counted() -> None:
    """Tasks and batches apart; the grace period only ever gets shorter; counters by slot."""
    board = Board()
    assert not board.cancelled(task_mark("a"), batch_mark("a"))
    board.cancel(batch_mark("a"))
    assert board.cancelled(task_mark("a"), batch_mark("a"))
    assert not board.cancelled(task_mark("a"))
    assert not board.draining
    board.give_back_in(3600)
    assert board.draining
    assert not board.must_give_back()
    board.give_back_in(0)
    board.give_back_in(3600)
    assert board.must_give_back()
    board.write(3, Counts(1, 2, 3, 4, 5, 6.5))
    assert board.read(3) == Counts(1, 2, 3, 4, 5, 6.5)
    assert sum(each.chunks_done for each in board.all_counts()) == 1
