"""Collections, tags and filters in the window: by mouse, by key, by drag; undone, and remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QMenu, QWidget

from desktop_app.domain.filters import GameQuery, parse_filter
from desktop_app.ui.models.games_mime import GAMES_MIME, mime_of
from desktop_app.ui.models.library_model import Column
from desktop_app.ui.models.scope import ALL_GAMES, MY_GAMES, Scope, ScopeKind
from desktop_app.ui.models.sidebar_model import COUNT_ROLE
from desktop_app.ui.widgets.filter_chip import FilterChip
from tests.ui.windows.test_library_clicks import CONTROL, opened, press
from tests.ui.windows.test_main_window import games_shown

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from desktop_app.domain.game import GameId
    from desktop_app.ui.application import Application
    from desktop_app.ui.windows.library_panel import LibraryPanel

WAIT_MS = 60_000


@pytest.fixture
def app(qtbot: QtBot, open_app: Callable[..., Application], games_file: Path) -> Application:
    """Four games (Anna, Clara, Emil and Gerd have White), the window wide enough for the sidebar."""
    made = opened(qtbot, open_app, games_file)
    made.window.resize(1700, 900)
    return made


def panel(app: Application) -> LibraryPanel:
    """The library."""
    return app.window.workspace.library


def shows(qtbot: QtBot, app: Application, games: int) -> None:
    """Wait until the table lists so many."""
    qtbot.waitUntil(lambda: games_shown(app) == games, timeout=WAIT_MS)


def chips(app: Application) -> list[FilterChip]:
    """The active terms, left to right."""
    return [chip for chip in panel(app).bar.findChildren(FilterChip) if chip.isVisibleTo(panel(app))]


def chip_texts(app: Application) -> list[str]:
    """Their words."""
    return [chip.text() for chip in chips(app)]


def collect(qtbot: QtBot, app: Application, games: list[GameId]) -> Scope:
    """Drop games on the heading of the collections, and leave the name as it is offered."""
    model = panel(app).sidebar.model
    with qtbot.waitSignal(app.bench.sets.created, timeout=WAIT_MS) as made:
        data = mime_of(GAMES_MIME, games)
        model.dropMimeData(data, Qt.DropAction.CopyAction, -1, -1, model.head("collections"))
    end_editing(app)
    return made.args[0]


def end_editing(app: Application) -> None:
    """Escape from the name that is offered for typing."""
    tree = panel(app).sidebar.tree
    for editor in tree.viewport().findChildren(QLineEdit):
        QTest.keyClick(editor, Qt.Key.Key_Escape)


def choose(app: Application, scope: Scope) -> None:
    """Click a row of the sidebar."""
    sidebar = panel(app).sidebar
    index = sidebar.model.index_of(scope)
    assert index.isValid()
    sidebar.tree.scrollTo(index)
    QTest.mouseClick(sidebar.tree.viewport(), Qt.MouseButton.LeftButton, pos=sidebar.tree.visualRect(index).center())


def test_a_collection_is_made_by_dropping_games_and_lists_them(qtbot: QtBot, app: Application) -> None:
    """Two games dropped: a collection of two, listed by a click, and left by a click on its chip."""
    ids = app.bench.games.ids()
    scope = collect(qtbot, app, [ids[0], ids[2]])
    choose(app, scope)
    shows(qtbot, app, 2)
    assert app.bench.games.ids() == [ids[0], ids[2]]
    qtbot.waitUntil(lambda: chip_texts(app) == ["New collection"], timeout=WAIT_MS)
    panel(app).sidebar.model.games_dropped.emit(scope, [ids[3], ids[0]])
    shows(qtbot, app, 3)
    assert app.bench.games.ids() == [ids[0], ids[2], ids[3]]
    chips(app)[0].click()
    shows(qtbot, app, 4)
    qtbot.waitUntil(lambda: chip_texts(app) == [], timeout=WAIT_MS)


def test_delete_in_a_collection_takes_games_out_of_it_alone(qtbot: QtBot, app: Application) -> None:
    """They stay in the library; Ctrl+Z puts them back. Elsewhere Delete is the library's."""
    ids = app.bench.games.ids()
    scope = collect(qtbot, app, ids[:3])
    choose(app, scope)
    shows(qtbot, app, 3)
    panel(app).table.setFocus()
    panel(app).table.choose(1)
    with qtbot.waitSignal(app.bench.desk.notices.posted, timeout=WAIT_MS) as told:
        press(app, Qt.Key.Key_Delete)
    assert told.args[0].text == "1 game removed from New collection. It stays in the library."
    shows(qtbot, app, 2)
    assert app.bench.desk.library.games.count(GameQuery()) == 4
    app.window.actions_by_name["undo"].trigger()
    shows(qtbot, app, 3)
    choose(app, ALL_GAMES)
    shows(qtbot, app, 4)
    assert not panel(app).table.removes


def test_a_filter_is_saved_as_a_collection_that_follows_the_games(qtbot: QtBot, app: Application) -> None:
    """Named after what it asks for, counted by itself, and what it lists is what the filter finds."""
    panel(app).bar.ask("result:1-0")
    shows(qtbot, app, 2)
    with qtbot.waitSignal(app.bench.sets.created, timeout=WAIT_MS) as made:
        app.window.actions_by_name["save_filter"].trigger()
    end_editing(app)
    scope = made.args[0]
    index = panel(app).sidebar.model.index_of(scope)
    assert scope.kind is ScopeKind.SMART
    assert index.data() == "White won"
    qtbot.waitUntil(lambda: panel(app).sidebar.model.index_of(scope).data(COUNT_ROLE) == 2, timeout=WAIT_MS)
    panel(app).bar.ask("")
    shows(qtbot, app, 4)
    choose(app, scope)
    shows(qtbot, app, 2)
    panel(app).bar.ask("boris")
    shows(qtbot, app, 1)
    qtbot.waitUntil(lambda: chip_texts(app) == ["White won", "“boris”"], timeout=WAIT_MS)
    with qtbot.waitSignal(app.bench.sets.contents_read, timeout=WAIT_MS):
        app.bench.sets.set_filter(scope, "result:0-1")
    shows(qtbot, app, 0)
    assert panel(app).table.nothing.isVisible()


def test_a_deleted_collection_comes_back_with_its_games(qtbot: QtBot, app: Application) -> None:
    """Delete in the sidebar, then the notice's button: the same name, the same games; deleting it listed all games."""
    ids = app.bench.games.ids()
    scope = collect(qtbot, app, ids[1:3])
    choose(app, scope)
    shows(qtbot, app, 2)
    with qtbot.waitSignal(app.bench.desk.notices.posted, timeout=WAIT_MS) as told:
        press(app, Qt.Key.Key_Delete)
    shows(qtbot, app, 4)
    assert app.bench.desk.library.sets.collections() == []
    told.args[0].action()
    qtbot.waitUntil(lambda: len(app.bench.sets.contents.collections) == 1, timeout=WAIT_MS)
    back = app.bench.sets.contents.collections[0]
    assert (back.name, back.games) == ("New collection", 2)
    assert list(app.bench.desk.library.sets.games(back.id)) == ids[1:3]


def test_a_collection_is_renamed_where_it_stands(qtbot: QtBot, app: Application) -> None:
    """The name is typed in the tree; one that is taken is refused with a sentence, and the old one stays."""
    first, second = collect(qtbot, app, []), collect(qtbot, app, [])
    model = panel(app).sidebar.model
    model.setData(model.index_of(first), "Club evening")
    qtbot.waitUntil(lambda: app.bench.sets.contents.collections[0].name == "Club evening", timeout=WAIT_MS)
    with qtbot.waitSignal(app.bench.desk.notices.posted, timeout=WAIT_MS) as told:
        model.setData(model.index_of(second), "club EVENING")
    assert "already" in told.args[0].text
    qtbot.waitUntil(lambda: model.index_of(second).data() == "New collection 2", timeout=WAIT_MS)


def test_tags_by_key(qtbot: QtBot, app: Application) -> None:
    """T, a name, Enter makes a tag and puts it on the selection; T and its digit take it off again."""
    library, table = app.bench.desk.library, panel(app).table
    table.setFocus()
    table.selectAll()
    with qtbot.waitSignal(app.bench.desk.events.changed, timeout=WAIT_MS):
        app.window.actions_by_name["tags"].trigger()
        qtbot.waitUntil(lambda: isinstance(app.window.focusWidget(), QLineEdit), timeout=WAIT_MS)
        QTest.keyClicks(app.window.focusWidget(), "Rook endings")
        press(app, Qt.Key.Key_Return)
    qtbot.waitUntil(
        lambda: [(tag.name, tag.games) for tag in library.sets.tags()] == [("Rook endings", 4)], timeout=WAIT_MS
    )
    qtbot.waitUntil(lambda: len(app.bench.sets.contents.tags) == 1, timeout=WAIT_MS)
    press(app, Qt.Key.Key_Escape)
    assert table.hasFocus()
    table.choose(0)
    app.window.actions_by_name["tags"].trigger()
    qtbot.waitUntil(lambda: isinstance(app.window.focusWidget(), QLineEdit), timeout=WAIT_MS)
    press(app, Qt.Key.Key_1)
    qtbot.waitUntil(lambda: library.sets.tags()[0].games == 3, timeout=WAIT_MS)
    press(app, Qt.Key.Key_Escape)
    choose(app, Scope(ScopeKind.TAG, library.sets.tags()[0].id))
    shows(qtbot, app, 3)


def test_chips_say_what_is_asked_and_go_by_a_click(qtbot: QtBot, app: Application) -> None:
    """One for every term; a click takes that term out of the text; text that cannot be read keeps the old ones."""
    panel(app).bar.ask("result:1-0 moves<5 anna")
    shows(qtbot, app, 1)
    qtbot.waitUntil(lambda: chip_texts(app) == ["White won", "Moves < 5", "“anna”"], timeout=WAIT_MS)
    chips(app)[1].click()
    assert panel(app).filter.text() == "result:1-0 anna"
    panel(app).bar.ask("result:1-0 (")
    qtbot.waitUntil(lambda: chip_texts(app) == ["White won", "“anna”"], timeout=WAIT_MS)
    assert panel(app).filter.property("invalid") == "true"
    panel(app).bar.ask("")
    shows(qtbot, app, 4)


def test_the_form_writes_the_expression_and_reads_it(qtbot: QtBot, app: Application) -> None:
    """A control changes the text, the text what the controls show; a wrong value is marked and changes nothing."""
    bar = panel(app).bar
    bar.ask("boris")
    app.window.actions_by_name["filter_form"].trigger()
    form = bar.form
    assert form is not None
    assert form.isVisible()
    fields = {field.accessibleName(): field for field in form.findChildren(QLineEdit)}
    moves = [field for field in form.findChildren(QLineEdit) if field.accessibleName() == "Moves"]
    moves[0].setFocus()
    QTest.keyClicks(moves[0], "3")
    assert bar.field.text() == "boris moves>=3"
    shows(qtbot, app, 1)
    QTest.keyClicks(moves[1], "x")
    assert bar.field.text() == "boris moves>=3"
    assert moves[1].property("invalid") == "true"
    moves[1].clear()
    bar.ask('event:"Club" white:Clara')
    assert fields["Event"].text() == "Club"
    shows(qtbot, app, 1)
    QTest.keyClick(moves[1], Qt.Key.Key_Escape)
    assert not form.isVisible()


def test_the_form_has_a_field_for_bare_words(qtbot: QtBot, app: Application) -> None:
    """Words of the expression are shown and edited in the form; none of them is taken for grammar."""
    bar = panel(app).bar
    bar.ask("boris moves>=3 club")
    app.window.actions_by_name["filter_form"].trigger()
    form = bar.form
    assert form is not None
    (words,) = [field for field in form.findChildren(QLineEdit) if field.accessibleName() == "Words"]
    assert words.text() == "boris club"
    words.setFocus()
    QTest.keyClicks(words, " ann")
    assert bar.field.text() == "boris club ann moves>=3"
    shows(qtbot, app, 1)
    words.clear()
    QTest.keyClicks(words, "or")
    assert bar.field.text() == '"or" moves>=3'
    shows(qtbot, app, 1)  # Boris
    words.selectAll()
    QTest.keyClick(words, Qt.Key.Key_Delete)
    assert bar.field.text() == "moves>=3"
    QTest.keyClick(words, Qt.Key.Key_Escape)
    assert not form.isVisible()


def test_names_are_offered_while_typing(qtbot: QtBot, app: Application) -> None:
    """Two letters, and the players who are called so; the one chosen is written as an expression has it."""
    field = panel(app).filter
    field.setFocus()
    field.clear()
    QTest.keyClicks(field, "result:1-0 white:ann")
    completion = panel(app).bar.completion
    qtbot.waitUntil(lambda: completion.offered == ["Anna", "Hanna"], timeout=WAIT_MS)
    completion.chosen.connect(lambda _name: None)
    completion.take("Anna Maria")
    assert field.text() == 'result:1-0 white:"Anna Maria"'
    completion.close()
    panel(app).bar.ask("")


def test_my_games_are_those_under_my_names(qtbot: QtBot, app: Application) -> None:
    """Without a name the sidebar asks; then it lists the games of all of them, with either colour."""
    with qtbot.waitSignal(panel(app).sidebar.me_requested, timeout=WAIT_MS):
        choose(app, MY_GAMES)
    app.bench.sets.set_me(["Anna", "Hanna"])
    shows(qtbot, app, 2)
    qtbot.waitUntil(lambda: chip_texts(app) == ["My games"], timeout=WAIT_MS)
    qtbot.waitUntil(lambda: panel(app).sidebar.model.index_of(MY_GAMES).data(COUNT_ROLE) == 2, timeout=WAIT_MS)


def test_a_right_click_finds_more_games_like_this_one(qtbot: QtBot, app: Application) -> None:
    """The menu offers the players, the opening and the event of the current game."""
    panel(app).table.choose(1)
    qtbot.waitUntil(lambda: panel(app).current_row() is not None, timeout=WAIT_MS)
    menu = QMenu()
    qtbot.addWidget(menu)
    panel(app).menu_opened.emit(menu)
    more = next(action.menu() for action in menu.actions() if action.text() == "More games")
    texts = [action.text() for action in more.actions()]
    assert texts[:2] == ["Of Clara", "Of David"]
    assert texts[-1] == "Event: Club"
    more.actions()[0].trigger()
    assert panel(app).filter.text() == "player=Clara"
    shows(qtbot, app, 1)


def test_filter_order_and_scope_are_there_again_after_a_restart(
    qtbot: QtBot, app: Application, open_app: Callable[..., Application], stop: Callable[[Application], None]
) -> None:
    """What was listed when the window closed is listed when it opens."""
    scope = collect(qtbot, app, app.bench.games.ids()[:3])
    choose(app, scope)
    shows(qtbot, app, 3)
    header = panel(app).table.horizontalHeader()
    header.setSortIndicator(Column.WHITE, Qt.SortOrder.DescendingOrder)
    panel(app).bar.ask("moves<10")
    qtbot.waitUntil(lambda: app.bench.library.expression == "moves<10", timeout=WAIT_MS)
    expected = app.bench.desk.library.games.ids(app.bench.library.query)
    stop(app)
    again = open_app()
    qtbot.waitUntil(lambda: again.bench.library.scope.scope == scope, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: again.bench.games.ids() == list(expected), timeout=WAIT_MS)
    assert panel(again).filter.text() == "moves<10"
    qtbot.waitUntil(lambda: chip_texts(again) == ["New collection", "Moves < 10"], timeout=WAIT_MS)
    assert again.bench.library.query.sort == "white"
    assert again.bench.library.query.descending


def test_a_narrow_window_has_the_sidebar_above_the_table(qtbot: QtBot, app: Application) -> None:
    """Beside the table where there is room, else between filter and table: it covers nothing, and stays when used."""
    dock, table, sidebar = panel(app).dock, panel(app).table, panel(app).sidebar
    assert dock.shown
    assert not dock.narrow
    app.window.resize(1024, 700)
    qtbot.waitUntil(lambda: dock.narrow, timeout=WAIT_MS)
    assert not dock.shown
    width = table.width()
    app.window.actions_by_name["show_sidebar"].trigger()
    assert dock.shown
    qtbot.waitUntil(lambda: sidebar.isVisible() and sidebar.height() > 0, timeout=WAIT_MS)

    def top(widget: QWidget) -> int:
        return widget.mapTo(app.window, QPoint(0, 0)).y()

    qtbot.waitUntil(lambda: top(sidebar) >= top(panel(app).bar) + panel(app).bar.height(), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: top(table) >= top(sidebar) + sidebar.height(), timeout=WAIT_MS)
    assert table.width() == width
    assert table.height() >= 120
    choose(app, Scope(ScopeKind.IMPORT, app.bench.sets.contents.imports[0].id))
    qtbot.waitUntil(lambda: chip_texts(app) == ["club"], timeout=WAIT_MS)
    table.setFocus()
    assert dock.shown, "games can be dragged onto it"
    app.window.actions_by_name["show_sidebar"].trigger()
    assert not sidebar.isVisible()
    app.window.resize(1700, 900)
    qtbot.waitUntil(lambda: not dock.narrow, timeout=WAIT_MS)
    assert dock.shown
    qtbot.waitUntil(lambda: sidebar.geometry().right() < table.mapTo(dock, QPoint(0, 0)).x(), timeout=WAIT_MS)


def test_every_ready_made_filter_and_scope_can_be_read(app: Application) -> None:
    """What the sidebar asks for is an expression of the documented kind."""
    for scope in (ALL_GAMES, MY_GAMES, Scope(ScopeKind.IMPORT, 1)):
        parse_filter(app.bench.sets.query_of(scope).expression)


def test_ctrl_z_takes_back_an_addition(qtbot: QtBot, app: Application) -> None:
    """Games added to a collection by mistake are out again, the ones that were there before stay."""
    ids = app.bench.games.ids()
    scope = collect(qtbot, app, ids[:1])
    with qtbot.waitSignal(app.bench.desk.notices.posted, timeout=WAIT_MS) as told:
        app.bench.sets.add_games(scope, ids)
    assert told.args[0].text == "3 games added to New collection"
    app.window.activateWindow()
    panel(app).table.setFocus()
    press(app, Qt.Key.Key_Z, CONTROL)
    qtbot.waitUntil(
        lambda: list(app.bench.desk.library.sets.games(app.bench.sets.contents.collections[0].id)) == ids[:1],
        timeout=WAIT_MS,
    )
