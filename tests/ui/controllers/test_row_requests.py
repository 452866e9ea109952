"""Rows of a long list: the latest wish is read first, pages that flew by are not, and come when they are looked at."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from desktop_app.ui.controllers.row_requests import RowRequests
from desktop_app.ui.models.library_model import PAGE_ROWS, LibraryModel
from desktop_app.ui.runtime.operations import Operations

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

WAIT_MS = 20_000


def test_pages_that_flew_by_are_not_read(qtbot: QtBot) -> None:
    """Of thirty pages asked for while two reads are held up, those two and the last few are read; the newest first."""
    gate, read = threading.Event(), []

    def rows(ids: tuple[int, ...]) -> list[Any]:
        read.append(ids[0] // PAGE_ROWS)
        gate.wait(WAIT_MS / 1000)
        return [SimpleNamespace(id=game) for game in ids]

    operations = Operations()
    model = LibraryModel()
    library = SimpleNamespace(games=SimpleNamespace(rows=rows), sets=SimpleNamespace(tags_of=lambda _ids: {}))
    desk = SimpleNamespace(operations=operations, library=library)
    requests = RowRequests(cast("Any", desk), model)
    model.set_ids(range(30 * PAGE_ROWS))

    def look(page: int) -> None:
        model.index(page * PAGE_ROWS, 0).data()

    try:
        for page in range(30):
            look(page)
        qtbot.waitUntil(lambda: len(read) == 2, timeout=WAIT_MS)
        gate.set()
        qtbot.waitUntil(lambda: model.known(29 * PAGE_ROWS) is not None, timeout=WAIT_MS)
        qtbot.waitUntil(lambda: not operations.running, timeout=WAIT_MS)
        assert set(read[:2]) == {0, 1}
        assert set(read[2:]) == set(range(24, 30))
        assert model.known(10 * PAGE_ROWS) is None
        look(10)
        qtbot.waitUntil(lambda: model.known(10 * PAGE_ROWS) is not None, timeout=WAIT_MS)
    finally:
        gate.set()
        assert operations.stop(WAIT_MS)
        requests.deleteLater()
