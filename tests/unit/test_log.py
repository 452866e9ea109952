"""Logging: a file, a bounded tail, the job's id; crash files tell of a hard death at the next start."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from desktop_app import log

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

logger = logging.getLogger("desktop_app.test")


@pytest.fixture(autouse=True)
def _torn_down() -> Iterator[None]:
    """Leave the root logger as it was."""
    level, raising = logging.getLogger().level, logging.raiseExceptions
    yield
    log.tear_down()
    logging.getLogger().setLevel(level)
    logging.raiseExceptions = raising


def test_records_reach_file_and_tail_with_the_jobs_id(tmp_path: Path) -> None:
    """A record logged for a job names it, in the file and in memory."""
    tail = log.set_up(tmp_path)
    logger.info("before")
    with log.job_context(7):
        logger.info("inside")
    logger.info("by hand", extra={"job": 9})
    text = (tmp_path / "kibitz.log").read_text()
    assert "job 7 inside" in text
    assert "job 9 by hand" in text
    assert [("job" in line) for line in tail.lines()] == [False, True, True]


def test_the_jobs_id_stays_on_its_thread(tmp_path: Path) -> None:
    """Another thread's records do not carry it."""
    tail = log.set_up(tmp_path)
    with log.job_context(7):
        thread = threading.Thread(target=logger.info, args=("elsewhere",))
        thread.start()
        thread.join()
    assert "job 7" not in tail.lines()[-1]


def test_the_tail_is_bounded() -> None:
    """However much is logged, memory keeps the last records only."""
    tail = log.LogTail(records=10)
    for number in range(100):
        tail.handle(logging.makeLogRecord({"msg": f"line {number}"}))
    assert tail.lines() == [f"line {number}" for number in range(90, 100)]


def test_an_unwritable_folder_is_survived(tmp_path: Path) -> None:
    """Where no log file can be made, the tail works on its own."""
    (tmp_path / "file").write_text("in the way")
    tail = log.set_up(tmp_path / "file" / "logs")
    logger.info("still here")
    assert "still here" in tail.lines()[-1]


def test_setting_up_twice_logs_once(tmp_path: Path) -> None:
    """The second set-up replaces the first."""
    log.set_up(tmp_path)
    tail = log.set_up(tmp_path)
    logger.info("once")
    assert len([line for line in tail.lines() if "once" in line]) == 1
    assert (tmp_path / "kibitz.log").read_text().count("once") == 1


def test_an_orderly_end_leaves_no_crash_file(tmp_path: Path) -> None:
    """A crash file that was closed is gone."""
    crash = log.CrashFile(tmp_path)
    assert crash.path.exists()
    crash.close()
    crash.close()
    assert not crash.path.exists()
    assert log.left_behind(tmp_path) == []


def test_a_hard_death_is_told_at_the_next_start(tmp_path: Path) -> None:
    """A process that aborts leaves its stacks; they are read once."""
    program = f"""
import os, pathlib
from desktop_app import log
crash = log.CrashFile(pathlib.Path({str(tmp_path)!r}))
os.abort()
"""
    subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, timeout=60)
    (text,) = log.left_behind(tmp_path)
    assert "Aborted" in text
    assert log.left_behind(tmp_path) == []


def test_a_living_process_keeps_its_crash_file(tmp_path: Path) -> None:
    """Another instance that is still running is not taken for a dead one."""
    file = tmp_path / f"fault-{os.getppid()}.txt"
    file.write_text("not yet")
    assert log.left_behind(tmp_path) == []
    assert file.exists()


def test_a_report_holds_traceback_and_tail(tmp_path: Path) -> None:
    """A fault of our own is written down with what was logged before it."""
    with pytest.raises(ZeroDivisionError) as caught:
        _ = 1 / 0
    path = log.write_report(tmp_path, caught.value, ["the last line"])
    assert path is not None
    text = path.read_text()
    assert "ZeroDivisionError" in text
    assert "the last line" in text


def test_a_stream_of_json_tells_whose_record_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With KIBITZ_LOG=json each line is an object with the ids of job, batch and chunk; the file stays for people."""
    monkeypatch.setenv("KIBITZ_LOG", "json")
    stream = io.StringIO()
    log.set_up(tmp_path, stream=stream)
    try:
        with log.job_context(7), log.log_context(batch="b1", chunk="k3"):
            logging.getLogger("kibitz.test").info("searched\n%s", "twice", extra={"worker": "one@host/0"})
        logging.getLogger("kibitz.test").info("after")
    finally:
        log.tear_down()
    first, after = (json.loads(line) for line in stream.getvalue().splitlines())
    assert first["message"] == "searched\ntwice"
    assert {name: first[name] for name in ("job", "batch", "chunk", "worker", "level")} == {
        "job": 7, "batch": "b1", "chunk": "k3", "worker": "one@host/0", "level": "info",
    }  # fmt: skip
    assert "batch" not in after
    assert not (tmp_path / "kibitz.log").read_text(encoding="utf-8").startswith("{")
