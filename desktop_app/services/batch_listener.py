"""Who hears of a running batch: the window's bridge, the mailbox of a headless run, a test. Standard protocols only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from desktop_app.domain.batch import ItemNews, JobNews, PositionNews
    from desktop_app.services.changes import Changes


class BatchListener(Protocol):
    """Hears of a batch, on worker threads; must return at once and never raise."""

    def position(self, news: PositionNews) -> None:
        """A position was evaluated (ephemeral)."""

    def changed(self, changes: Changes) -> None:
        """Facts were committed."""

    def item(self, news: ItemNews) -> None:
        """A game of the job changed state."""

    def job(self, news: JobNews) -> None:
        """The job changed state, or the number of workers wanted did."""
