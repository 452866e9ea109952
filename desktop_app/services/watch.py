"""What a long operation is watched by: progress, a token to stop it, a listener for what it committed. Any thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_app.ports import CancelToken, ProgressSink
    from desktop_app.services.changes import Changes


class Watch:
    """Progress, cancellation and news of one long operation."""

    def __init__(
        self,
        progress: ProgressSink | None = None,
        cancel: CancelToken | None = None,
        on_changes: Callable[[Changes], None] | None = None,
    ) -> None:
        self._progress, self._cancel, self._on_changes = progress, cancel, on_changes

    def tell(self, done: int, total: int, text: str) -> None:
        """Report how far it is."""
        if self._progress is not None:
            self._progress.progress(done, total, text)

    def announce(self, changes: Changes) -> None:
        """Something was committed."""
        if self._on_changes is not None:
            self._on_changes(changes)

    @property
    def cancelled(self) -> bool:
        """Whether to stop before the next step."""
        return self._cancel is not None and self._cancel.cancelled()


QUIET = Watch()
