"""One writer, many callers: order, results, errors, and the end."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, insert, select

from desktop_app.errors import LibraryClosedError
from desktop_app.library.database import Database, open_databases
from desktop_app.library.tables import setting

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

DEADLINE_S = 30


def _put(connection: Connection, name: str) -> str:
    connection.execute(insert(setting), {"name": name, "value": ""})
    return name


def _count(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(setting)).scalar_one())


def test_many_threads_write_and_read(database: Database) -> None:
    """Eight threads write and read at once: each gets its own results, every write is seen right after it returned."""

    def work(thread: int) -> None:
        for number in range(25):
            name = f"{thread}-{number}"
            assert database.write(lambda connection, name=name: _put(connection, name)) == name
            with database.read() as connection:
                found = connection.execute(select(setting.c.name).where(setting.c.name == name)).scalar_one()
            assert found == name

    with ThreadPoolExecutor(8) as threads:
        for future in [threads.submit(work, number) for number in range(8)]:
            future.result(DEADLINE_S)
    assert _count(database) == 200


def test_writes_happen_on_the_writer_thread(database: Database) -> None:
    """Whoever asks, the named writer thread does it."""
    assert database.write(lambda _: threading.current_thread().name) == "kibitz-library-writer"


def test_exception_reaches_its_caller_and_rolls_back(database: Database) -> None:
    """What a transaction raises is raised to its own caller; tables made in it are gone too; the next one works."""

    def fail(connection: Connection) -> None:
        _put(connection, "x")
        connection.exec_driver_sql("CREATE TABLE half_done (id INTEGER)")
        raise ZeroDivisionError("on purpose")

    with pytest.raises(ZeroDivisionError, match="on purpose"):
        database.write(fail)
    assert _count(database) == 0
    with database.read() as connection:
        found = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE name = 'half_done'").first()
    assert found is None
    database.write(lambda connection: _put(connection, "x"))
    assert _count(database) == 1


def test_write_inside_write_is_refused(database: Database) -> None:
    """A transaction that calls `write` would wait for itself for ever; it gets an error instead."""
    with pytest.raises(RuntimeError, match="inside a write"):
        database.write(lambda _: database.write(lambda connection: _put(connection, "x")))


def test_a_read_sees_one_moment(database: Database) -> None:
    """What is committed while a read goes on is not seen by it, and is not held up."""
    with database.read() as connection:
        count = select(func.count()).select_from(setting)
        assert connection.execute(count).scalar_one() == 0
        database.write(lambda writing: _put(writing, "x"))
        assert connection.execute(count).scalar_one() == 0
    assert _count(database) == 1


def test_more_readers_than_the_pool_keeps(database: Database) -> None:
    """A burst of readers waits for nobody."""
    together = threading.Barrier(12)

    def read() -> None:
        with database.read() as connection:
            connection.exec_driver_sql("SELECT 1")
            together.wait(DEADLINE_S)

    with ThreadPoolExecutor(12) as threads:
        for future in [threads.submit(read) for _ in range(12)]:
            future.result(DEADLINE_S)


def _wait_until_queued(database: Database, tasks: int) -> None:
    pause = threading.Event()
    for _ in range(DEADLINE_S * 100):
        if database._tasks.qsize() >= tasks:
            return
        pause.wait(0.01)
    pytest.fail("the writes were never queued")


def test_close_finishes_what_is_queued(database: Database, path: Path) -> None:
    """Writes that were queued before `close` are committed; `close` returns after them."""
    started, go_on = threading.Event(), threading.Event()

    def slow(connection: Connection) -> str:
        started.set()
        go_on.wait(DEADLINE_S)
        return _put(connection, "slow")

    with ThreadPoolExecutor(6) as threads:
        futures = [threads.submit(database.write, slow)]
        started.wait(DEADLINE_S)
        futures += [threads.submit(database.write, partial(_put, name=name)) for name in "0123"]
        _wait_until_queued(database, 4)
        closing = threads.submit(database.close)
        _wait_until_queued(database, 5)
        go_on.set()
        closing.result(DEADLINE_S)
        assert sorted(future.result(DEADLINE_S) for future in futures) == ["0", "1", "2", "3", "slow"]
    with Database.open(path) as again:
        assert _count(again) == 5


ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"


@pytest.mark.expects_log
def test_close_interrupts_what_takes_too_long(database: Database, path: Path) -> None:
    """An endless statement is interrupted once the budget is spent; it and those behind it get the named error."""
    started = threading.Event()

    def endless(connection: Connection) -> None:
        _put(connection, "never")
        started.set()
        connection.exec_driver_sql(ENDLESS)

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(database.write, endless)
        started.wait(DEADLINE_S)
        second = threads.submit(database.write, lambda connection: _put(connection, "behind"))
        _wait_until_queued(database, 1)
        database.close(budget_s=0.1)
        for future in (first, second):
            with pytest.raises(LibraryClosedError):
                future.result(DEADLINE_S)
    with Database.open(path) as again:
        assert _count(again) == 0


def test_close_waits_for_reads(database: Database) -> None:
    """A read that has begun is finished before the connections go."""
    reading, go_on = threading.Event(), threading.Event()

    def read() -> int:
        with database.read() as connection:
            reading.set()
            go_on.wait(DEADLINE_S)
            return int(connection.exec_driver_sql("SELECT 42").scalar_one())

    with ThreadPoolExecutor(2) as threads:
        future = threads.submit(read)
        reading.wait(DEADLINE_S)
        closing = threads.submit(database.close)
        assert not closing.done()
        go_on.set()
        assert future.result(DEADLINE_S) == 42
        closing.result(DEADLINE_S)


def test_late_callers_get_a_named_error(database: Database) -> None:
    """After `close`, which may be called again, reading and writing say that the library is closed."""
    database.close()
    database.close()
    with pytest.raises(LibraryClosedError):
        database.write(lambda connection: _put(connection, "x"))
    with pytest.raises(LibraryClosedError), database.read():
        pass


def test_leak_detector_sees_open_databases(path: Path) -> None:
    """`open_databases` names what is open, and only that."""
    before = set(open_databases())
    database = Database.open(path)
    assert set(open_databases()) - before == {database}
    database.close()
    assert set(open_databases()) == before


def test_nothing_is_left_after_close(database: Database, path: Path) -> None:
    """After a clean close there is one file, no thread and no open descriptor."""
    import psutil  # noqa: PLC0415 -- only here

    database.write(lambda connection: _put(connection, "x"))
    assert _count(database) == 1
    database.close()
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert not any(file.path.startswith(str(path)) for file in psutil.Process().open_files())
    assert not any(thread.name == "kibitz-library-writer" for thread in threading.enumerate())
