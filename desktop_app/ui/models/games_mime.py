"""Games and collections on their way from one panel of the window to another, as drag-and-drop data. Main thread."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData

if TYPE_CHECKING:
    from collections.abc import Iterable

GAMES_MIME = "application/x-kibitz-games"
COLLECTION_MIME = "application/x-kibitz-collection"


def mime_of(kind: str, ids: Iterable[int]) -> QMimeData:
    """Ids as eight bytes each; a million of them are 8 MB, and the list is copied once."""
    data = QMimeData()
    data.setData(kind, array("q", ids).tobytes())
    return data


def ids_of(kind: str, data: QMimeData) -> list[int]:
    """The ids, in their order."""
    ids: array[int] = array("q")
    ids.frombytes(data.data(kind).data())
    return list(ids)
