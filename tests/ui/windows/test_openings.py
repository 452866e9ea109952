"""The tree of openings in the window: what the listed games have, and a click that filters by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.services.import_games import import_text
from desktop_app.ui.windows.opening_popover import OpeningPopover

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from desktop_app.ui.application import Application

WAIT_MS = 20_000


def test_a_click_in_the_tree_filters_and_the_tree_still_offers_the_others(
    qtbot: QtBot, open_app: Callable[..., Application], games_text: str
) -> None:
    """An opening takes the place of the one chosen before; other terms of the filter stay and narrow the tree."""
    app = open_app()
    import_text(app.bench.desk.library, games_text, workers=0)
    app.bench.library.reload()
    qtbot.waitUntil(lambda: app.bench.games.rowCount() == 4, timeout=WAIT_MS)
    openings, bar = app.window.actions_by_name["openings"], app.window.workspace.library.bar
    bar.ask("result:1-0")
    openings.trigger()
    popover = app.window.findChild(OpeningPopover)
    assert popover is not None
    tree = popover.tree
    qtbot.waitUntil(lambda: tree.topLevelItemCount() == 2, timeout=WAIT_MS)
    semi_open = tree.topLevelItem(0)
    assert semi_open is not None
    assert [semi_open.text(column) for column in (0, 1)] == ["B  Semi-open games", "1"]
    tree.itemClicked.emit(semi_open, 0)
    assert bar.field.text() == "result:1-0 eco:B"
    qtbot.waitUntil(lambda: app.bench.games.rowCount() == 1, timeout=WAIT_MS)
    assert not popover.isVisible()
    openings.trigger()
    qtbot.waitUntil(lambda: tree.topLevelItemCount() == 2, timeout=WAIT_MS)
    open_games = tree.topLevelItem(1)
    assert open_games is not None
    name = open_games.child(0).child(0)
    words = name.text(0)
    tree.itemClicked.emit(name, 0)
    assert bar.field.text().startswith("result:1-0 eco:C")
    assert words in bar.field.text()
    assert app.bench.library.expression == bar.field.text()
