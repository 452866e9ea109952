"""Summary, lines, player strip, transport, empty states, toasts, drop cover, state column: values in, signals out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt, QTimer
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop_app.domain.evaluation import Cp
from desktop_app.domain.game import GameState
from desktop_app.domain.judgement import Judgement
from desktop_app.ui.runtime import theme
from desktop_app.ui.widgets.board import BoardWidget
from desktop_app.ui.widgets.board_stack import BoardStack
from desktop_app.ui.widgets.drop_overlay import DropOverlay
from desktop_app.ui.widgets.empty_state import EmptyAction, EmptyState
from desktop_app.ui.widgets.eval_bar import EvalBar
from desktop_app.ui.widgets.fitting_tabs import FittingTabs
from desktop_app.ui.widgets.line_view import LineCard, LineRole, LinesPanel
from desktop_app.ui.widgets.player_strip import PlayerFacts, PlayerStrip
from desktop_app.ui.widgets.state_delegate import STATE_ROLE, StateCell, StateDelegate, counts_that_fit, state_words
from desktop_app.ui.widgets.summary_panel import SideFacts, SummaryPanel, SummaryState, SummaryView
from desktop_app.ui.widgets.toast import ToastKind, ToastNews, ToastStack
from desktop_app.ui.widgets.transport import Transport
from tests.ui.widgets.gallery_scenes import SCENES, moves_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

WHITE = SideFacts("Anderssen", 78.6, 72.4, 3, 0, 2)
BLACK = SideFacts("Dufresne", 71.2, 104.9, 1, 1, 2)


def texts(widget: QWidget) -> str:
    """All label texts that are not hidden."""
    return "\n".join(label.text() for label in widget.findChildren(QLabel) if not label.isHidden())


def test_counts_lead_to_the_moves(qtbot: QtBot) -> None:
    """A click on a count says whose and which; zero cannot be clicked."""
    panel = SummaryPanel()
    qtbot.addWidget(panel)
    panel.set_view(SummaryView(SummaryState.DONE, WHITE, BLACK))
    with qtbot.waitSignal(panel.count_clicked) as heard:
        panel.chip(Judgement.BLUNDER, white=False).click()
    assert heard.args == [False, Judgement.BLUNDER]
    assert not panel.chip(Judgement.MISTAKE, white=True).isEnabled()
    assert "72 ACPL" in texts(panel)


@pytest.mark.parametrize(
    ("state", "said", "button"),
    [
        (SummaryState.NOT_ANALYSED, "Not analysed", "Analyse"),
        (SummaryState.QUEUED, "queue", ""),
        (SummaryState.IN_PROGRESS, "29 of 48", ""),
        (SummaryState.FAILED, "engine hung", "Retry"),
        (SummaryState.NOT_JUDGED, "engine hung", ""),
    ],
)
def test_summary_says_where_the_game_stands(qtbot: QtBot, state: SummaryState, said: str, button: str) -> None:
    """Each state has its sentence, and a button only where there is something to do."""
    panel = SummaryPanel()
    qtbot.addWidget(panel)
    panel.set_view(SummaryView(state, WHITE, BLACK, evaluated=29, positions=48, reason="engine hung"))
    assert said in texts(panel)
    shown = [one.text() for one in panel.findChildren(QPushButton) if not one.isHidden()]
    assert shown == ([button] if button else [])
    if state is SummaryState.FAILED:
        assert "72 ACPL" not in texts(panel)
        with qtbot.waitSignal(panel.retry_clicked):
            panel.findChildren(QPushButton)[0].click()


def test_moves_of_a_line_can_be_played(qtbot: QtBot) -> None:
    """A click on a move plays up to it; the button plays the next one; both name the line."""
    panel = LinesPanel()
    qtbot.addWidget(panel)
    card = LineCard("better", "Best was Be4", LineRole.BEST, Cp(86), moves_of("19. Be4 Qh3 20. g3"))
    panel.set_lines([card])
    label = next(one for one in panel.findChildren(QLabel) if "href" in one.text())
    heard: list[tuple[str, int]] = []
    panel.line_step.connect(lambda name, index: heard.append((name, index)))
    label.linkActivated.emit("2")
    panel.set_current("better", 1)
    panel.findChildren(QToolButton)[0].click()
    assert heard == [("better", 2), ("better", 2)]
    panel.set_current("better", 2)
    assert not panel.findChildren(QToolButton)[0].isEnabled()
    panel.set_lines((), empty="Nothing better was found.")
    assert "Nothing better" in texts(panel)


def test_strip_is_told_in_words(qtbot: QtBot) -> None:
    """Name, rating, clock and turn reach a screen reader."""
    strip = PlayerStrip()
    qtbot.addWidget(strip)
    strip.set_player(PlayerFacts("Carlsen", white=True, rating=2863, clock_s=61, to_move=True))
    assert strip.accessibleName() == "White: Carlsen, rated 2863, 1:01 left, to move"


def test_transport_is_off_where_it_leads_nowhere(qtbot: QtBot) -> None:
    """At the start one cannot go back, at the end not forward; each button asks for its own."""
    transport = Transport()
    qtbot.addWidget(transport)
    transport.set_place(0, 40)
    enabled = [one.accessibleName().split(" (")[0] for one in transport.findChildren(QToolButton) if one.isEnabled()]
    assert enabled == ["Flip the board", "Next move", "End of the game"]
    transport.set_place(40, 40, errors=True)
    heard: list[str] = []
    transport.first_requested.connect(lambda: heard.append("first"))
    transport.previous_requested.connect(lambda: heard.append("previous"))
    transport.next_error_requested.connect(lambda: heard.append("error"))
    for button in transport.findChildren(QToolButton):
        button.click()
    assert heard == ["first", "previous", "error"]


def test_empty_state_offers_its_actions(qtbot: QtBot) -> None:
    """Buttons answer with their ids, and old ones go when the content changes."""
    state = EmptyState()
    qtbot.addWidget(state)
    state.set_content("drop", "Drop", "text", actions=[EmptyAction("a", "A"), EmptyAction("b", "B", primary=True)])
    with qtbot.waitSignal(state.action_clicked) as heard:
        state.buttons()[1].click()
    assert heard.args == ["b"]
    state.set_content("drop", "Drop", "text")
    assert state.buttons() == []


def test_toasts_leave_and_offer_undo(qtbot: QtBot) -> None:
    """At most three that stay are shown; an action answers with its id and the toast leaves."""
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(600, 400)
    window.show()
    stack = ToastStack(window)
    for number in range(4):
        stack.show_toast(ToastNews(f"news {number}", ToastKind.ERROR, "Undo", f"undo-{number}"))
    assert [toast.news.text for toast in stack.toasts()] == ["news 1", "news 2", "news 3"]
    assert window.rect().contains(stack.geometry())
    with qtbot.waitSignal(stack.action_clicked) as heard:
        next(one for one in stack.toasts()[0].findChildren(QPushButton)).click()
    assert heard.args == ["undo-1"]
    assert len(stack.toasts()) == 2
    window.resize(500, 300)
    assert window.rect().contains(stack.geometry())


@pytest.fixture
def stack(qtbot: QtBot) -> Iterator[ToastStack]:
    """The toasts of a small window."""
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(600, 400)
    window.show()
    yield ToastStack(window)
    window.close()


def _texts(stack: ToastStack) -> list[str]:
    return [toast.news.text for toast in stack.toasts()]


@pytest.mark.parametrize(
    ("kind", "stays"),
    [(ToastKind.INFO, False), (ToastKind.DONE, False), (ToastKind.WARNING, True), (ToastKind.ERROR, True)],
)
def test_what_went_wrong_stays_until_it_is_closed(stack: ToastStack, kind: ToastKind, *, stays: bool) -> None:
    """Warnings tell of refused games and errors of what failed: only good news leaves by itself."""
    toast = stack.show_toast(ToastNews("news", kind))
    assert toast.isVisible()
    QApplication.sendEvent(toast, QEvent(QEvent.Type.Leave))  # wherever the pointer is
    counting = [timer for timer in toast.findChildren(QTimer) if timer.isActive()]
    assert not counting if stays else len(counting) == 1


@pytest.mark.parametrize("width", [300, 380, 460, 600])
def test_a_long_text_is_read_whole(stack: ToastStack, width: int) -> None:
    """However many lines it takes in a narrow window, none of them is cut off."""
    window = stack.parentWidget()
    window.resize(width, 400)
    text = "500,000 games read: 314,537 imported, 185,463 already here"
    toast = stack.show_toast(ToastNews(text, ToastKind.DONE, "Details", "details", "Undo", "undo"))
    QApplication.sendPostedEvents()
    label = next(one for one in toast.findChildren(QLabel) if one.text() == text)
    assert label.height() >= label.heightForWidth(label.width())
    assert window.rect().contains(stack.geometry())


def test_news_that_passes_makes_room_first(stack: ToastStack) -> None:
    """A full stack loses what would leave anyway; warnings and errors are driven out only by later ones."""
    stack.show_toast(ToastNews("3 rejected", ToastKind.WARNING))
    stack.show_toast(ToastNews("done 1", ToastKind.DONE))
    stack.show_toast(ToastNews("done 2", ToastKind.DONE))
    stack.show_toast(ToastNews("done 3", ToastKind.DONE))
    assert _texts(stack) == ["3 rejected", "done 2", "done 3"]
    stack.show_toast(ToastNews("failed", ToastKind.ERROR))
    stack.show_toast(ToastNews("5 rejected", ToastKind.WARNING))
    assert _texts(stack) == ["3 rejected", "failed", "5 rejected"]
    stack.show_toast(ToastNews("done 4", ToastKind.DONE))
    stack.show_toast(ToastNews("done 5", ToastKind.DONE))
    assert _texts(stack) == ["3 rejected", "failed", "5 rejected", "done 5"]
    stack.show_toast(ToastNews("failed again", ToastKind.ERROR))
    assert _texts(stack) == ["failed", "5 rejected", "failed again"]
    stack.show_toast(ToastNews("failed", ToastKind.ERROR))
    assert _texts(stack) == ["5 rejected", "failed again", "failed"], "the same again takes the place of the first"


def test_tabs_show_all_their_names(qtbot: QtBot) -> None:
    """Closer together where there is less room, shortened with a tip at last; never scrolled away."""
    tabs = FittingTabs()
    qtbot.addWidget(tabs)
    tabs.setStyleSheet("QTabBar::tab { padding: 8px 12px; } QTabBar[close='true']::tab { padding: 8px 5px; }")
    for name in ("Moves", "Lines", "Summary", "Explorer"):
        tabs.addTab(QWidget(), name)
    bar = tabs.tabBar()
    metrics = bar.fontMetrics()
    names = sum(metrics.horizontalAdvance(tabs.tabText(place)) for place in range(4))

    def all_within() -> bool:
        return all(tabs.rect().contains(bar.geometry()) and bar.rect().contains(bar.tabRect(i)) for i in range(4))

    tabs.resize(2 * names + 200, 200)
    tabs.show()
    qtbot.waitUntil(all_within)
    assert bar.property("close") is False
    tabs.resize(names + 4 * 18 + 12, 200)
    qtbot.waitUntil(lambda: bool(bar.property("close")) and all_within())
    tabs.resize(names + 4, 200)
    qtbot.waitUntil(lambda: bar.elideMode() is Qt.TextElideMode.ElideRight and all_within())
    assert bar.tabToolTip(3) == "Explorer"
    tabs.resize(2 * names + 200, 200)
    qtbot.waitUntil(lambda: bar.property("close") is False and bar.tabToolTip(3) == "")


def test_drop_cover_follows_its_window(qtbot: QtBot) -> None:
    """The cover fills its parent, takes no mouse, and says how much would be imported."""
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(300, 200)
    overlay = DropOverlay(window)
    assert overlay.isHidden()
    overlay.show_files(3, "a.pgn, b.pgn")
    window.resize(500, 400)
    window.show()
    assert overlay.geometry() == window.rect()
    assert overlay.accessibleDescription() == "3 files: a.pgn, b.pgn"
    assert overlay.testAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)


def test_failed_state_retries_on_its_warning(qtbot: QtBot) -> None:
    """Only the warning of a failed game answers a click; the rest of the cell selects as usual."""
    table = QTableView()
    qtbot.addWidget(table)
    model = QStandardItemModel(2, 1)
    for row, state in enumerate((GameState.FAILED, GameState.QUEUED)):
        item = QStandardItem()
        item.setData(StateCell(state, reason="engine hung"), STATE_ROLE)
        model.setItem(row, 0, item)
    table.setModel(model)
    delegate = StateDelegate(table)
    table.setItemDelegate(delegate)
    table.setColumnWidth(0, 240)
    table.show()
    heard: list[int] = []
    delegate.retry_requested.connect(lambda index: heard.append(index.row()))
    for row in (0, 1):
        rect = table.visualRect(model.index(row, 0))
        for x in (12, 120):
            QTest.mouseClick(
                table.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(rect.left() + x, rect.center().y())
            )
    assert heard == [0]


def test_counts_are_never_cut() -> None:
    """Where the column is narrow the light errors are left out, so that 2?? is never read as 2?."""
    wide = [count for _, count in counts_that_fit((5, 0, 2), 200)]
    narrow = [(kind, count) for kind, count in counts_that_fit((5, 1, 2), 30)]
    assert wide == [5, 2]
    assert narrow == [(Judgement.BLUNDER, 2)]
    assert counts_that_fit((5, 1, 2), 3) == []


def test_state_is_told_in_words() -> None:
    """Every state has its sentence."""
    assert state_words(StateCell(GameState.FAILED, reason="hung")) == "Failed: hung. Click to try again."
    assert state_words(StateCell(GameState.IN_PROGRESS, 0.5)) == "Analysing, 50% done"
    done = StateCell(GameState.ANALYSED, None, 90.4, None, (1, 2, 3), (0, 0, 0))
    assert state_words(done).startswith("White 90%: 1 inaccuracies, 2 mistakes, 3 blunders. Black \u2013")


@pytest.mark.parametrize("size", [(900, 600), (400, 900), (300, 320)])
def test_board_bar_and_strips_stay_together(qtbot: QtBot, size: tuple[int, int]) -> None:
    """In any window the board is square, the bar as high, the strips as wide as both, all inside."""
    board, bar, strip = BoardWidget(), EvalBar(), PlayerStrip()
    stack = BoardStack(board, bar, above=[strip])
    qtbot.addWidget(stack)
    stack.resize(*size)
    stack.show()
    assert board.width() == board.height() == bar.height()
    assert strip.geometry().left() == bar.geometry().left()
    assert strip.geometry().right() == board.geometry().right()
    assert stack.rect().contains(board.geometry())
    before = board.height()
    strip.hide()
    qtbot.waitUntil(lambda: strip.isHidden() and (board.height() > before or board.width() + 36 >= stack.width() - 7))
    assert stack.rect().contains(board.geometry())


@pytest.mark.parametrize("name", SCENES)
def test_gallery_scenes_paint(qtbot: QtBot, name: str) -> None:
    """Every scene of the gallery can be built and painted without a warning."""
    widget = SCENES[name]()
    qtbot.addWidget(widget)
    widget.show()
    assert not widget.grab().isNull()


@pytest.mark.parametrize("name", SCENES)
def test_a_change_of_theme_reaches_what_is_shown(qtbot: QtBot, qapp: QApplication, name: str) -> None:
    """Widgets built in the light theme and switched to dark look exactly like those built in the dark theme."""
    switched = SCENES[name]()
    qtbot.addWidget(switched)
    switched.show()
    switched.grab()
    theme.apply(qapp, theme.ThemeChoice.DARK, reduced_motion=True)
    fresh = SCENES[name]()
    qtbot.addWidget(fresh)
    fresh.show()
    fresh.grab()
    if name != "controls":  # its bare tool buttons are windows' business
        assert switched.grab().toImage() == fresh.grab().toImage()


def test_an_invitation_shows_all_its_words(qtbot: QtBot) -> None:
    """A sentence of several lines is as high as its lines, however wide the panel is."""
    state = EmptyState()
    qtbot.addWidget(state)
    state.set_content("drop", "Drop your games here", "PGN files, folders or archives, from anywhere. " * 4)
    state.resize(1366, 700)
    state.show()
    qtbot.waitExposed(state)
    said = next(label for label in state.findChildren(QLabel) if label.text().startswith("PGN"))
    assert said.height() >= said.heightForWidth(said.width())


def test_lines_leave_the_keys_to_the_game(qtbot: QtBot) -> None:
    """A card that goes away hands its focus to the panel, never to a field of text that would swallow the keys."""
    window = QWidget()
    qtbot.addWidget(window)
    box = QVBoxLayout(window)
    field, panel = QLineEdit(), LinesPanel()
    box.addWidget(field)
    box.addWidget(panel)
    panel.set_lines([LineCard("better", "Better was Nf3", LineRole.BEST, Cp(30), moves_of("Nf3 Nc6"))])
    window.show()
    window.activateWindow()
    qtbot.waitExposed(window)
    play = panel.findChild(QToolButton)
    assert play is not None
    play.setFocus()
    panel.set_lines([])
    assert not field.hasFocus()
