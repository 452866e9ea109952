"""`kibitz worker`: search for an analysis server until told to end."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from desktop_app import log, paths
from desktop_app.errors import EnvironmentLackingError, UsageError

if TYPE_CHECKING:
    from argparse import Namespace

BROKER_VARIABLE = "KIBITZ_BROKER"
METRICS_VARIABLE = "KIBITZ_WORKER_METRICS"


def run_worker(arguments: Namespace) -> int:
    """Take chunks from a broker. 3 when the broker, the engine or Celery is missing, 0 after an orderly end."""
    broker = arguments.broker or os.environ.get(BROKER_VARIABLE)
    if not broker:
        raise UsageError(
            "No broker is named.", action=f"Give --broker URL or set {BROKER_VARIABLE}, as redis://127.0.0.1:6379/0."
        )
    try:
        from desktop_app.worker.sentry import start_sentry
        from desktop_app.worker.service import WorkerService, WorkerSettings
    except ImportError as error:
        raise EnvironmentLackingError(
            f"Workers need Celery, which is not installed here ({error.name}).",
            action='Install it with: pip install "kibitz[worker]"',
        ) from error
    log.set_up(paths.log_dir(), stream=sys.stderr)
    start_sentry(os.environ)
    service = WorkerService(
        WorkerSettings(
            broker=broker,
            engine=arguments.engine,
            processes=arguments.processes or _cores(),
            name=arguments.name or "worker",
            queues=tuple(name.strip() for name in (arguments.queues or "chunks").split(",") if name.strip()),
            grace_s=float(arguments.grace),
            metrics=_address(arguments.metrics or os.environ.get(METRICS_VARIABLE, "")),
        )
    )
    return service.run(lambda sentence: print(f"Ready: {sentence}.", flush=True))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _address(text: str) -> tuple[str, int] | None:
    if not text:
        return None
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise UsageError(f"{text!r} is no address for metrics.", action="Give one as 127.0.0.1:9101.")
    return host.strip("[]"), int(port)
