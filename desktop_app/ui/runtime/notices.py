"""Short messages for the user: what finished, what failed, with one action. Main thread; shown as toasts by the window.

Posted by controllers and `application`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from desktop_app.errors import KibitzError

if TYPE_CHECKING:
    from collections.abc import Callable


class NoticeKind(StrEnum):
    """How a notice is coloured, and whether it stays."""

    INFO = "info"
    DONE = "done"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True, eq=False)
class Notice:
    """One message. `action_text` names what to do about it, `action` does it; `second` may be another such pair."""

    text: str
    kind: NoticeKind = NoticeKind.INFO
    action_text: str = ""
    action: Callable[[], None] | None = None
    second: tuple[str, Callable[[], None]] | None = None


class Notices(QObject):
    """Where notices are posted. Signals: `posted(Notice)`; `withdrawn(Notice)` for one that holds no longer."""

    posted = Signal(object)
    withdrawn = Signal(object)

    def post(
        self,
        text: str,
        kind: NoticeKind = NoticeKind.INFO,
        *,
        action_text: str = "",
        action: Callable[[], None] | None = None,
        second: tuple[str, Callable[[], None]] | None = None,
    ) -> Notice:
        """Show a message. Returns it, for `withdraw`."""
        notice = Notice(text, kind, action_text, action, second)
        self.posted.emit(notice)
        return notice

    def withdraw(self, notice: Notice) -> None:
        """Stop showing a message: what it says, or offers, is over."""
        self.withdrawn.emit(notice)

    @Slot(str, object)
    def post_error(self, title: str, error: object) -> None:
        """Show an error: a known one in its own words, a bug with a pointer to the log."""
        if isinstance(error, KibitzError):
            self.post(str(error), NoticeKind.ERROR)
        else:
            self.post(f"{title} failed: {error}. Details are in the log.", NoticeKind.ERROR)
