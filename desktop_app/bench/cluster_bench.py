"""`kibitz bench cluster`: what handing chunks to a server and its workers costs, and what a fault does.

Real Redis, server, worker processes and Stockfish on loopback. Remote and local searches of the same chunks alternate
in one run, two processes each on the same cores, so that their ratio says something on a busy machine too. The measured
service times then feed the simulation of larger clusters. Called by the bench's runner on the main thread.
"""

from __future__ import annotations

import io
import statistics
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import chess.pgn

from desktop_app.analysis.loop import work
from desktop_app.bench.cluster_processes import VISIBILITY_S, Processes, kill, wait_for
from desktop_app.bench.cluster_simulation import ServiceTimes, Topology, million_games, simulate
from desktop_app.bench.data import sample_texts, write_multiples
from desktop_app.domain.game import GameId, Ply
from desktop_app.domain.profile import SearchSpec
from desktop_app.domain.work import Chunk, JobItemId
from desktop_app.engine.discovery import find_engine
from desktop_app.engine.session import EngineSession

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_app.domain.evaluation import Evaluation
    from desktop_app.domain.work import ChunkResult
    from desktop_app.ports import Evaluator

WORKERS = 2
CHUNKS = 24
NODES = 100_000
ROUNDS = 3
PLIES = 8
SMALL_CHUNKS = 600
LISTENERS = 50
GAMES = 10_000
FAULT_CHUNKS = 16
CHUNKS_PER_GAME = 14.0
"""A game of 80 plies: ten chunks of its thin pass and some four of deepening (`kibitz bench analyse`)."""
TRANSACTION_S = 0.004
ROW_S = 0.0004
"""Assumed, not measured: a commit of PostgreSQL on a solid-state disk, and a stored answer with its event."""


def measure() -> dict[str, Any]:
    """Throughput, overhead, events, submission, recovery, and the simulation.

    Raises:
        EnvironmentLackingError: no Redis, no engine, or a part does not start.
    """
    engine = find_engine(None)
    chunks = _chunks(CHUNKS)
    with tempfile.TemporaryDirectory(prefix="kibitz-bench-") as folder, Processes(Path(folder)) as processes:
        throughput, times = _throughput(processes, engine, chunks)
        figures: dict[str, Any] = {"throughput": throughput}
        figures["events"], times = _events(processes, times)
        figures["submission"] = _submission(processes, Path(folder))
        figures["recovery_seconds"] = _recovery(processes, chunks)
    figures["simulation"] = _simulated(times, throughput)
    return figures


# -- throughput ------------------------------------------------------------------------------------------------------


def _throughput(processes: Processes, engine: str, chunks: list[Chunk]) -> tuple[dict[str, Any], ServiceTimes]:
    searched: list[float] = []
    ratios: list[float] = []
    local_s: list[float] = []
    remote_s: list[float] = []
    _remote(processes, chunks[:WORKERS], searched)  # engines and hash tables are warm on both sides
    searched.clear()
    for _ in range(ROUNDS):
        local_s.append(_local(engine, chunks))
        remote_s.append(_remote(processes, chunks, searched))
        ratios.append(local_s[-1] / remote_s[-1])
    number = ROUNDS * len(chunks)
    search_s = statistics.fmean(searched)
    overhead_s = max(0.0, WORKERS * sum(remote_s) / number - search_s)
    times = ServiceTimes(
        search_s=search_s,
        search_variation=statistics.pstdev(searched) / search_s,
        worker_s=overhead_s,
        broker_s=0.0,
        messages=0.0,
        server_s=0.0,
        transaction_s=TRANSACTION_S,
        row_s=ROW_S,
        chunks_per_game=CHUNKS_PER_GAME,
    )
    return {
        "chunks": f"{len(chunks)} of {PLIES} positions and {NODES} nodes, {WORKERS} processes, {ROUNDS} rounds",
        "local_chunks_per_second": round(len(chunks) / statistics.median(local_s), 3),
        "remote_chunks_per_second": round(len(chunks) / statistics.median(remote_s), 3),
        "remote_of_local": round(statistics.median(ratios), 4),
        "ratios": [round(ratio, 4) for ratio in ratios],
        "search_ms_per_chunk": round(1000 * search_s, 1),
        "overhead_ms_per_chunk": round(1000 * overhead_s, 1),
    }, times


def _chunks(number: int) -> list[Chunk]:
    """Chunks from the middle of the sample games, each searched on an empty hash."""
    found: list[Chunk] = []
    for start in (16, 24, 32, 40):
        for text in sample_texts():
            game = _moves(text)
            if len(game) >= start + PLIES and len(found) < number:
                found.append(
                    Chunk(
                        item_id=JobItemId(0),
                        game_id=GameId(len(found) + 1),
                        root_fen=chess.STARTING_FEN,
                        moves=game[: start + PLIES],
                        chess960=False,
                        plies=tuple(Ply(ply) for ply in range(start + PLIES, start, -1)),
                        warmup_ply=None,
                        spec=SearchSpec.of_nodes(NODES),
                    )
                )
    return found


def _moves(text: str) -> tuple[str, ...]:
    game = chess.pgn.read_game(io.StringIO(text))
    if game is None or game.board().fen() != chess.STARTING_FEN:
        return ()
    return tuple(move.uci() for move in game.mainline_moves())


def _wire(chunks: list[Chunk]) -> list[dict[str, Any]]:
    return [
        {
            "key": str(number), "root_fen": chunk.root_fen, "moves": list(chunk.moves), "chess960": False,
            "plies": list(chunk.plies), "warmup_ply": None, "limit_nodes": chunk.spec.limit_nodes,
            "hash_mb": chunk.spec.hash_mb,
        }
        for number, chunk in enumerate(chunks)
    ]  # fmt: skip


def _remote(processes: Processes, chunks: list[Chunk], searched: list[float]) -> float:
    """Seconds from submitting to the last answer stored."""
    began = time.monotonic()
    batch = processes.submit(_wire(chunks))
    wait_for(lambda: processes.done(batch, len(chunks)), "the remote chunks", pause_s=0.1)
    seconds = time.monotonic() - began
    searched.extend(found["engine_ms"] / 1000 for found in processes.results(batch))
    return seconds


class _List:
    """A ChunkSource that gives out a list of chunks and counts what comes back."""

    def __init__(self, chunks: list[Chunk]) -> None:
        self._left = list(reversed(chunks))
        self._lock = threading.Lock()
        self.answered = 0
        self.begin = threading.Event()

    def pull(self, worker: int) -> Chunk | None:  # noqa: ARG002 - the protocol's signature
        self.begin.wait()
        with self._lock:
            return self._left.pop() if self._left else None

    def hand_over(self, worker: int, result: ChunkResult) -> None:  # noqa: ARG002
        with self._lock:
            self.answered += 1

    def attach(self, worker: int, evaluator: Evaluator | None) -> None:
        """Nobody stops this bench's engines."""

    def evaluated(self, worker: int, chunk: Chunk, ply: Ply, evaluation: Evaluation) -> None:
        """Nobody looks."""

    def checkpoint(self, worker: int) -> None:
        """Go on."""

    def give_back(self, worker: int, chunk: Chunk) -> None:
        """Never: nothing is cancelled."""

    def failed(self, worker: int, chunk: Chunk, reason: str) -> None:
        """Counted by its absence."""


def _local(engine: str, chunks: list[Chunk]) -> float:
    """Seconds that two local workers take for the same chunks, their engines warm."""
    with ThreadPoolExecutor(WORKERS) as starters:
        engines = list(
            starters.map(lambda _: EngineSession.open(engine, hash_mb=chunks[0].spec.hash_mb), range(WORKERS))
        )
    source = _List(chunks)
    threads = [
        threading.Thread(target=work, args=(number, source, lambda _mb, number=number: engines[number]))
        for number in range(WORKERS)
    ]
    for thread in threads:
        thread.start()
    began = time.monotonic()
    source.begin.set()
    for thread in threads:
        thread.join()
    return time.monotonic() - began


# -- events, submission ----------------------------------------------------------------------------------------------


def _events(processes: Processes, times: ServiceTimes) -> tuple[dict[str, Any], ServiceTimes]:
    """Chunks without a search show what server and broker spend on each; fifty clients then read that batch at once."""
    small = [
        {
            "key": str(number), "root_fen": chess.STARTING_FEN, "moves": ["e2e4"], "chess960": False, "plies": [1],
            "warmup_ply": None, "limit_nodes": 1, "hash_mb": 16,
        }
        for number in range(SMALL_CHUNKS)
    ]  # fmt: skip
    server_before, redis_before = processes.server_s(), processes.redis_use()
    began = time.monotonic()
    batch = processes.submit(small)
    wait_for(lambda: processes.done(batch, SMALL_CHUNKS), "the small chunks", pause_s=0.5)
    redis_s, commands = (now - then for now, then in zip(processes.redis_use(), redis_before, strict=True))
    server_s = processes.server_s() - server_before
    through = SMALL_CHUNKS / (time.monotonic() - began)
    began = time.monotonic()
    with ThreadPoolExecutor(LISTENERS) as pool:
        events = sum(pool.map(processes.listen, [batch] * LISTENERS))
    seconds = time.monotonic() - began
    return {
        "clients": LISTENERS,
        "events": events,
        "events_per_second": round(events / seconds),
        "smallest_chunks_per_second": round(through, 1),
        "server_cpu_ms_per_chunk": round(1000 * server_s / SMALL_CHUNKS, 2),
        "broker_cpu_ms_per_chunk": round(1000 * redis_s / SMALL_CHUNKS, 3),
        "broker_commands_per_chunk": round(commands / SMALL_CHUNKS, 1),
    }, replace(
        times, server_s=server_s / SMALL_CHUNKS, broker_s=redis_s / SMALL_CHUNKS, messages=commands / SMALL_CHUNKS
    )


def _submission(processes: Processes, folder: Path) -> dict[str, Any]:
    size = write_multiples(folder / "games.pgn", GAMES)
    text = (folder / "games.pgn").read_text(encoding="utf-8")
    began = time.monotonic()
    made = processes.ask("POST", "/v1/batches", {"name": "bench", "pgn": text, "profile": "quick"})
    seconds = time.monotonic() - began
    processes.ask("POST", f"/v1/batches/{made['id']}/cancel")
    return {"games": made["games"], "megabytes": round(size / 1e6, 1), "seconds": round(seconds, 2)}


# -- recovery --------------------------------------------------------------------------------------------------------


def _recovery(processes: Processes, chunks: list[Chunk]) -> dict[str, Any]:
    """For each fault the seconds from the moment the dead part is back until the next answer is stored."""
    figures: dict[str, Any] = {"visibility_timeout": VISIBILITY_S}

    def kill_worker() -> None:
        if processes.worker is not None:
            kill(processes.worker)
        processes.start_worker()

    def kill_redis() -> None:
        processes.kill_redis()
        processes.start_redis()

    def kill_server() -> None:
        port = int(processes.url.rpartition(":")[2])
        if processes.server is not None:
            kill(processes.server)
        processes.start_server(port)

    faults: dict[str, Callable[[], None]] = {
        "worker_killed": kill_worker, "broker_killed": kill_redis, "server_killed": kill_server,
    }  # fmt: skip
    wire = _wire(chunks)
    many = [chunk | {"key": str(number)} for number, chunk in enumerate((wire * FAULT_CHUNKS)[:FAULT_CHUNKS])]
    for name, fault in faults.items():
        figures[name] = _recovered(processes, many, fault)
    return figures


def _recovered(processes: Processes, chunks: list[dict[str, Any]], fault: Callable[[], None]) -> dict[str, Any]:
    batch = processes.submit(chunks)

    def done(number: int) -> int:
        found: dict[str, Any] = wait_for(lambda: processes.done(batch, number), f"{number} answers")
        return int(found["counts"]["done"])

    before = done(WORKERS)
    began = time.monotonic()
    fault()
    back = time.monotonic()
    done(before + WORKERS)
    next_s = time.monotonic() - back
    done(len(chunks))
    return {
        "restart": round(back - began, 2),
        "next_answers_after_restart": round(next_s, 2),
        "whole_batch": round(time.monotonic() - began, 2),
    }


def _simulated(times: ServiceTimes, throughput: dict[str, Any]) -> dict[str, Any]:
    measured = throughput["remote_chunks_per_second"]
    predicted = simulate(times, Topology(WORKERS), 2_000).chunks_per_second
    return {
        "service_times": {name: round(value, 6) for name, value in asdict(times).items()},
        "two_workers": {
            "measured_chunks_per_second": measured,
            "simulated_chunks_per_second": round(predicted, 3),
        },
        "a_million_games": million_games(times),
    }
