"""Logging and crash files: a rotating file, a short tail in memory, the job's id in each record. No Qt, any thread.

Entry points call `set_up` once. Every other module just logs under its own name. Logging never breaks the program:
where no file can be written, the tail in memory still works.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import logging
import logging.handlers
import os
import platform
import sys
import traceback
from collections import deque
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

logger = logging.getLogger(__name__)

FILE_BYTES = 1_000_000
FILE_COUNT = 3
TAIL_RECORDS = 500
FORMAT = "%(asctime)s %(levelname)-7s %(name)s [%(threadName)s]%(job_note)s %(message)s"

JSON_VARIABLE = "KIBITZ_LOG"
"""Set to `json`, the stream given to `set_up` gets one JSON object a line."""
FIELDS = ("job", "batch", "chunk", "worker", "request_id", "user", "address", "took_ms")
"""What a record may carry besides its message, with `extra` or `log_context`."""

_job_id: ContextVar[int | None] = ContextVar("kibitz_job_id", default=None)
_fields: ContextVar[dict[str, Any] | None] = ContextVar("kibitz_log_fields", default=None)


@contextlib.contextmanager
def job_context(job_id: int) -> Iterator[None]:
    """Records logged inside, on this thread, carry the job's id."""
    token = _job_id.set(job_id)
    try:
        yield
    finally:
        _job_id.reset(token)


@contextlib.contextmanager
def log_context(**fields: Any) -> Iterator[None]:
    """Records logged inside, on this thread, carry these of `FIELDS` where logs are JSON."""
    token = _fields.set((_fields.get() or {}) | fields)
    try:
        yield
    finally:
        _fields.reset(token)


class JsonLines(logging.Formatter):
    """One JSON object a line, for whatever collects logs: at (seconds since 1970), level, logger, message, `FIELDS`."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON; any thread, the one that logged it."""
        said: dict[str, Any] = {
            "at": round(record.created, 3),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        known = {"job": _job_id.get()} | (_fields.get() or {})
        for name in FIELDS:
            value = getattr(record, name, None)
            value = known.get(name) if value is None else value
            if value is not None:
                said[name] = value
        if record.exc_info:
            said["exception"] = self.formatException(record.exc_info)
        return json.dumps(said, ensure_ascii=False, default=str)


class _JobNote(logging.Filter):
    """Adds `job_note` to each record: the job given with `extra={"job": id}`, else the one of `job_context`."""

    def filter(self, record: logging.LogRecord) -> bool:
        job = getattr(record, "job", None) or _job_id.get()
        record.job_note = f" job {job}" if job is not None else ""
        return True


class LogTail(logging.Handler):
    """Keeps the last records as text, for crash reports and the doctor. Never grows beyond its size."""

    def __init__(self, records: int = TAIL_RECORDS) -> None:
        super().__init__()
        self._lines: deque[str] = deque(maxlen=records)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the formatted record."""
        self._lines.append(self.format(record))

    def lines(self) -> list[str]:
        """The last records, oldest first."""
        return list(self._lines)


def set_up(folder: Path, *, level: int = logging.INFO, stream: TextIO | None = None) -> LogTail:
    """Send the root logger to a rotating file in `folder` and to the tail that is returned.

    `stream`, where given, gets the records too. Calling it again replaces what an earlier call set up.
    """
    tear_down()
    tail = LogTail()
    handlers: list[logging.Handler] = [tail]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handlers.append(
            logging.handlers.RotatingFileHandler(
                folder / "kibitz.log",
                maxBytes=FILE_BYTES,
                backupCount=FILE_COUNT,
                encoding="utf-8",
                delay=True,
                errors="backslashreplace",
            )
        )
    except OSError as error:
        problem: OSError | None = error
    else:
        problem = None
    if stream is not None:
        handlers.append(logging.StreamHandler(stream))
    root = logging.getLogger()
    root.setLevel(level)
    for handler in handlers:
        handler.setFormatter(logging.Formatter(FORMAT))
        if type(handler) is logging.StreamHandler and os.environ.get(JSON_VARIABLE) == "json":
            handler.setFormatter(JsonLines())
        handler.addFilter(_JobNote())
        root.addHandler(handler)
        _installed.append(handler)
    # A full disk must not turn each log line into a traceback on the terminal.
    logging.raiseExceptions = False
    logging.captureWarnings(capture=True)
    if problem is not None:
        logger.info("no log file: %s", problem)
    return tail


def tear_down() -> None:
    """Remove and close what `set_up` installed."""
    root = logging.getLogger()
    while _installed:
        handler = _installed.pop()
        root.removeHandler(handler)
        handler.close()
    logging.captureWarnings(capture=False)


_installed: list[logging.Handler] = []


class CrashFile:
    """Where the interpreter writes its stacks when the process dies hard (segmentation fault, abort).

    One file for each process, removed at an orderly end: what is left over tells of a crash, and `left_behind` reads it
    back at the next start.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / f"fault-{os.getpid()}.txt"
        self._stream: TextIO | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._stream = self.path.open("w", encoding="utf-8")
            faulthandler.enable(self._stream)
        except OSError as error:
            logger.info("no crash file: %s", error)

    def close(self) -> None:
        """Stop watching and remove the file; the end was an orderly one. Idempotent."""
        if self._stream is not None:
            faulthandler.disable()
            self._stream.close()
            self._stream = None
            self.path.unlink(missing_ok=True)


def left_behind(folder: Path) -> list[str]:
    """Texts of the crash files of dead processes, which are removed by this; empty ones (a plain kill) are left out."""
    texts = []
    for file in sorted(folder.glob("fault-*.txt")):
        number = file.stem.removeprefix("fault-")
        if not number.isdigit() or psutil.pid_exists(int(number)):
            continue
        with contextlib.suppress(OSError):
            text = file.read_text(encoding="utf-8", errors="replace").strip()
            file.unlink()
            if text:
                texts.append(text)
    return texts


def write_report(folder: Path, error: BaseException, tail: list[str]) -> Path | None:
    """Write a fault of our own to a file: traceback, versions, last log lines. None where nothing can be written."""
    now = datetime.now(tz=UTC)
    path = folder / f"report-{now:%Y%m%d-%H%M%S}-{os.getpid()}.txt"
    text = "\n".join(
        [
            f"Kibitz fault report, {now.isoformat(timespec='seconds')}",
            f"Python {sys.version.split()[0]} on {platform.platform()}",
            f"Command: {' '.join(sys.argv)}",
            "",
            "".join(traceback.format_exception(error)),
            "Last log lines:",
            *tail[-100:],
            "",
        ]
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError:
        return None
    return path
