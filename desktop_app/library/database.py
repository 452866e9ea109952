"""One open library: a single writer thread fed by a queue, and a few reading connections.

`write` and `read` may be called from any thread; both block until done, so never call them on the GUI's. The writer
thread is named "kibitz-library-writer". Several processes may have the same library open: each waits for the others'
transactions, which are short.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
import weakref
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeVar

from sqlalchemy.exc import DBAPIError

from desktop_app.errors import LibraryClosedError
from desktop_app.library.backend import DEFAULT_BUSY_TIMEOUT_MS, backend_of
from desktop_app.library.upgrade import CURRENT, Schema, prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import Connection

    from desktop_app.library.backend import Backend

logger = logging.getLogger(__name__)

T = TypeVar("T")

CLOSE_BUDGET_S = 10.0
_AFTER_INTERRUPT_S = 5.0

_open_databases: weakref.WeakSet[Database] = weakref.WeakSet()


def open_databases() -> list[Database]:
    """Databases opened by this process and not closed yet; tests use it to find leaks."""
    return [database for database in list(_open_databases) if not database.closed]


@dataclass(slots=True)
class _Task:
    run: Callable[[Connection], Any]
    answer: Future[Any]
    in_transaction: bool = True


class Database:
    """An open library. Made by `open`, ended by `close`; also a context manager."""

    def __init__(self, backend: Backend) -> None:
        """Connect to a library that `upgrade.prepare` has checked; callers use `open`."""
        self._backend = backend
        self._lock = threading.Condition()
        self._closing = False
        self._abandoned = False
        self._reads = 0
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._readers = backend.reader_engine()
        self._writer: threading.Thread | None = None
        if not backend.read_only:
            self._write_engine = backend.writer_engine()
            with backend.known_errors():
                self._write_connection = self._write_engine.connect()
            backend.abandon_when(self._write_connection, lambda: self._abandoned)
            self._writer = threading.Thread(target=self._write_loop, name="kibitz-library-writer", daemon=True)
            self._writer.start()
        _open_databases.add(self)

    @classmethod
    def open(
        cls,
        location: str | Path,
        *,
        create: bool = True,
        allow_read_only: bool = False,
        busy_timeout_ms: int = DEFAULT_BUSY_TIMEOUT_MS,
        schema: Schema = CURRENT,
    ) -> Database:
        """Open the library at a path, an sqlite:/// or a postgresql+psycopg:// URL; create or upgrade it where needed.

        Args:
            location: where it is.
            create: make a new library (and its folder) where there is none.
            allow_read_only: open one that cannot be written for reading, instead of refusing it.
            busy_timeout_ms: how long to wait for another process's transaction before LibraryLockedError.
            schema: what to upgrade to; only tests give another one.

        Raises LibraryError kinds, each with a sentence for the user; the library is then as it was.
        """
        backend = backend_of(location, busy_timeout_ms=busy_timeout_ms)
        if allow_read_only:
            with backend.known_errors():
                backend.read_only = backend.cannot_be_written()
        prepare(backend, schema, create=create)
        return cls(backend)

    @property
    def location(self) -> str:
        """Where it is, for people; without passwords."""
        return self._backend.location

    @property
    def path(self) -> Path | None:
        """The library's file; None where a server keeps it."""
        return self._backend.path

    @property
    def backend(self) -> Backend:
        """What differs between database systems; for the library's own modules."""
        return self._backend

    @property
    def read_only(self) -> bool:
        """Whether it can only be read; `write` then raises LibraryReadOnlyError."""
        return self._backend.read_only

    @property
    def closed(self) -> bool:
        """True once `close` has been called."""
        return self._closing

    def write(self, run: Callable[[Connection], T]) -> T:
        """Run `run(connection)` in one write transaction on the writer thread; return its result after the commit.

        Whatever `run` raises rolls the transaction back and is raised here. Transactions of all threads run one after
        another, in the order of the calls. `run` must not call `write`.

        Raises LibraryError kinds (locked, full, read-only, corrupt, closed).
        """
        if threading.current_thread() is self._writer:
            raise RuntimeError("write() inside a write transaction would wait for itself; use the connection given")
        return self.submit(run).result()

    def submit(self, run: Callable[[Connection], T]) -> Future[T]:
        """As `write`, without waiting: the answer holds the result after the commit, or the error.

        Raises LibraryClosedError at once where the library is closed, LibraryReadOnlyError where it is only read.
        """
        return self._hand_over(_Task(run, Future()))

    def maintain(self, run: Callable[[Connection], T]) -> T:
        """As `write`, but outside of any transaction, for what the system does by itself (VACUUM)."""
        found: T = self._hand_over(_Task(run, Future(), in_transaction=False)).result()
        return found

    def compact(self, told: Callable[[int, int], bool] = lambda _done, _total: False) -> tuple[int, int]:
        """Give back room that nothing is stored in; returns the library's bytes before and after.

        `told(done, total)` is called now and then on the writer thread; True stops it. Writers wait until it is done.
        """

        def run(connection: Connection) -> tuple[int, int]:
            backend = self._backend
            with connection.begin():
                before, _ = backend.sizes(connection)
            backend.compact(connection, lambda done, total: self._abandoned or told(done, total))
            with connection.begin():
                return before, backend.sizes(connection)[0]

        return self.maintain(run)

    def _hand_over(self, task: _Task) -> Future[Any]:
        with self._lock:
            if self._closing:
                raise self._closed_error()
            if self._writer is None:
                raise self._backend.refusal()
            self._tasks.put(task)
        return task.answer

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one moment of the library and cannot write. Do not keep rows open after the block.

        Raises LibraryError kinds.
        """
        with self._lock:
            if self._closing:
                raise self._closed_error()
            self._reads += 1
        try:
            with self._backend.known_errors(), self._readers.connect() as connection, connection.begin():
                yield connection
        finally:
            with self._lock:
                self._reads -= 1
                self._lock.notify_all()

    def check(self) -> list[str]:
        """What is wrong with the stored data, an empty list for a sound library. Reads all of it."""
        with self.read() as connection:
            return self._backend.damage(connection) + self._backend.broken_references(connection)

    def close(self, *, budget_s: float = CLOSE_BUDGET_S) -> None:
        """Refuse new callers, finish what is queued, end the writer, close all connections. Idempotent, any thread.

        What takes longer than `budget_s` seconds is interrupted and rolled back; its callers get LibraryClosedError.
        """
        with self._lock:
            first, self._closing = not self._closing, True
            if first:
                self._tasks.put(None)
        if threading.current_thread() is self._writer:
            return
        deadline = time.monotonic() + budget_s
        if self._writer is not None:
            self._end_writer(self._writer, budget_s)
        with self._lock:
            self._lock.wait_for(lambda: self._reads == 0, max(0.0, deadline - time.monotonic()))
        self._readers.dispose()
        _open_databases.discard(self)

    def _end_writer(self, writer: threading.Thread, budget_s: float) -> None:
        writer.join(budget_s)
        if writer.is_alive():
            self._abandoned = True
            self._backend.interrupt(self._write_connection)
            logger.warning(
                "closing %s: its writer did not finish in %.0f s and is interrupted", self.location, budget_s
            )
            writer.join(_AFTER_INTERRUPT_S)

    def __repr__(self) -> str:
        return f"<Database {self.location}{' (closed)' if self.closed else ''}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _closed_error(self) -> LibraryClosedError:
        return LibraryClosedError(f"The library {self.location} is closed.")

    def _write_loop(self) -> None:
        """The writer thread: one task after another until the sentinel."""
        try:
            while (task := self._tasks.get()) is not None:
                self._perform(task)
                del task
        finally:
            self._write_connection.close()
            self._write_engine.dispose()

    def _perform(self, task: _Task) -> None:
        if self._abandoned:
            task.answer.set_exception(self._closed_error())
            return
        try:
            result = self._attempt(task)
        except BaseException as error:  # noqa: BLE001 -- every outcome belongs to the caller that waits for it
            task.answer.set_exception(error)
        else:
            task.answer.set_result(result)

    def _attempt(self, task: _Task) -> Any:
        """Run one task; once more on a fresh connection where the old one was found dead before anything was done."""
        connection = self._write_connection
        with self._backend.known_errors():
            if not task.in_transaction:
                return task.run(connection)
            begun = False
            try:
                with connection.begin():
                    begun = True
                    return task.run(connection)
            except DBAPIError as error:
                if begun or self._abandoned or not self._backend.is_lost(error):
                    raise
                logger.info("the connection to %s was lost; trying a fresh one", self.location)
            with connection.begin():
                return task.run(connection)
