"""A cancel token backed by an event: made on the main thread, watched by a worker.

Any thread may ask or cancel. Made by `operations`; handed to services as their `ports.CancelToken`.
"""

from __future__ import annotations

import threading


class Cancel:
    """Implements `ports.CancelToken`; once cancelled it stays so."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask the work to stop. Idempotent."""
        self._event.set()

    def cancelled(self) -> bool:
        """Return True once `cancel` was called."""
        return self._event.is_set()
