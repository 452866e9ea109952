"""What every controller needs: the open library, the door to the services, the two kinds of announcements.

Made once by `application` (or a test); main thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop_app.library.library import Library
    from desktop_app.ui.runtime.events import Events
    from desktop_app.ui.runtime.notices import Notices
    from desktop_app.ui.runtime.operations import Operations


@dataclass(frozen=True, slots=True)
class Desk:
    """The open library and the ways to work with it."""

    library: Library
    operations: Operations
    events: Events
    notices: Notices
