"""The gallery's scenes: each builds one widget, or a small composition, with realistic data."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import chess
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSlider,
    QSpinBox,
    QTabBar,
    QTableWidget,
    QTableWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop_app.domain.evaluation import Cp, Mate, Over
from desktop_app.domain.game import GameState
from desktop_app.ui.runtime import theme
from desktop_app.ui.runtime.icons import icon
from desktop_app.ui.widgets.board import ArrowRole, BoardWidget
from desktop_app.ui.widgets.board_stack import BoardStack
from desktop_app.ui.widgets.drop_overlay import DropOverlay
from desktop_app.ui.widgets.empty_state import EmptyAction, EmptyState
from desktop_app.ui.widgets.eval_bar import EvalBar
from desktop_app.ui.widgets.eval_graph import EvalGraph, PhaseLine, PlyPoint
from desktop_app.ui.widgets.line_view import LineCard, LineMove, LineRole, LinesPanel
from desktop_app.ui.widgets.move_list import MoveList
from desktop_app.ui.widgets.move_rows import MoveCell
from desktop_app.ui.widgets.player_strip import PlayerFacts, PlayerStrip
from desktop_app.ui.widgets.skeleton import SkeletonRows
from desktop_app.ui.widgets.state_delegate import STATE_ROLE, StateCell, StateDelegate
from desktop_app.ui.widgets.summary_panel import PhaseFacts, SideFacts, SummaryPanel, SummaryState, SummaryView
from desktop_app.ui.widgets.toast import ToastKind, ToastNews, ToastStack
from desktop_app.ui.widgets.transport import Transport
from tests.ui.widgets.sample_game import evergreen, long_game

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.ui.widgets.sample_game import PlayedPly

COMMENT = (
    "The famous quiet move. Anderssen later said he had seen the whole combination from here; "
    "the engine is not convinced."
)
VARIATION = "19. Be4 Qh3 20. g3 Rxg3+ 21. hxg3 Qxg3+ 22. Kh1 Bxf2 with mutual chances"


def cells(game: list[PlayedPly], *, clocks: bool = True, upto: int = 10_000) -> list[MoveCell]:
    """Cells of a sample game."""
    return [
        MoveCell(
            ply=item.ply,
            san=item.san,
            number=(item.ply + 1) // 2,
            black=item.ply % 2 == 0,
            score=item.score if item.ply <= upto else None,
            judgement=item.judgement if item.ply <= upto else None,
            glyph="!!" if item.ply == 39 and len(game) < 60 else "",
            clock_s=5400 - item.ply * 47.0 if clocks else None,
            comment=COMMENT if item.ply == 37 and len(game) < 60 else "",
            variations=(VARIATION,) if item.ply == 37 and len(game) < 60 else (),
        )
        for item in game
    ]


def board_scene(ply: int, **options: bool) -> BoardWidget:
    """The board at a ply of the sample."""
    game = evergreen()
    item = game[ply - 1]
    board = BoardWidget()
    board.resize(560, 560)
    board.set_position(item.fen, item.uci)
    if item.judgement:
        board.set_badge(chess.parse_square(item.uci[2:4]), item.judgement)
    if options.get("flip"):
        board.flip()
    return board


def board_arrows() -> QWidget:
    """Badge, best move and refutation after 19.Rad1."""
    board = board_scene(37)
    board.set_arrows([("d3e4", ArrowRole.BEST), ("h5f3", ArrowRole.REFUTATION)])
    return board


def board_check() -> QWidget:
    """A check, flipped."""
    return board_scene(45, flip=True)


def move_list() -> QWidget:
    """The list with a comment and a variation."""
    widget = MoveList()
    widget.resize(380, 640)
    widget.set_game(cells(evergreen()), opening="C52 Evans Gambit: Main Line", result="1\u20130")
    widget.set_current_ply(37)
    return widget


def move_list_long() -> QWidget:
    """250 moves, half of them evaluated, narrow."""
    widget = MoveList()
    widget.resize(300, 420)
    widget.set_game(
        cells(long_game(), upto=300), opening="A00 Amar Opening: Paris Gambit, Gent Gambit, with a very long name"
    )
    widget.set_current_ply(297)
    return widget


def row(*widgets: QWidget, width: int = 0, height: int = 0) -> QWidget:
    """Widgets side by side."""
    holder = QWidget()
    layout = QHBoxLayout(holder)
    for widget in widgets:
        layout.addWidget(widget)
    if width:
        holder.resize(width, height)
    return holder


def column(*widgets: QWidget, width: int = 360, height: int = 240) -> QWidget:
    """Widgets under each other."""
    holder = QWidget()
    layout = QVBoxLayout(holder)
    for widget in widgets:
        layout.addWidget(widget)
    holder.resize(width, height)
    return holder


def eval_bars() -> QWidget:
    """Several scores, flipped and unknown too."""
    bars = []
    for score in (Cp(34), Cp(-421), Cp(1240), Mate(5), Mate(-3), Over(winner=None), None):
        bar = EvalBar()
        bar.set_score(score)
        bars.append(bar)
    bars[1].set_flipped(flipped=True)
    return row(*bars, width=320, height=300)


def points(game: list[PlayedPly], *, known_from: int = 0) -> list[PlyPoint]:
    """Graph points of a sample; plies before `known_from` are not evaluated."""
    result = [PlyPoint(0, Cp(26) if known_from == 0 else None)]
    for item in game:
        known = item.ply >= known_from
        label = f"{(item.ply + 1) // 2}{'.' if item.ply % 2 else '…'} {item.san}"
        judged = item.judgement if known else None
        result.append(PlyPoint(item.ply, item.score if known else None, label, judged))
    return result


def graphs() -> QWidget:
    """Done with hover, partial, long, empty."""
    done, partial, long, empty = EvalGraph(), EvalGraph(), EvalGraph(), EvalGraph()
    done.set_points(points(evergreen()))
    done.set_phases([PhaseLine(21, "Middlegame")])
    done.set_current_ply(37)
    done._hovered = 30
    partial.set_points(points(evergreen(), known_from=26))
    partial.set_current_ply(30)
    long.set_points(points(long_game()))
    long.set_phases([PhaseLine(24, "Middlegame"), PhaseLine(390, "Endgame")])
    long.set_current_ply(250)
    empty.set_points([PlyPoint(ply, None) for ply in range(48)])
    return column(done, partial, long, empty, width=620, height=620)


WHITE = SideFacts("Anderssen, Adolf", 78.6, 72.4, 3, 0, 2)
BLACK = SideFacts("Dufresne, Jean", 71.2, 104.9, 1, 1, 2)


def summaries() -> QWidget:
    """Every state."""
    phases = (PhaseFacts("Opening", 88.4, 85.1), PhaseFacts("Middlegame", 70.2, 62.3))
    source = "Stockfish 17.1 · 250 000 nodes a position · 48 of 48 positions"
    views = (
        SummaryView(SummaryState.DONE, WHITE, BLACK, phases, source),
        SummaryView(
            SummaryState.IN_PROGRESS,
            replace(WHITE, name="Praggnanandhaa Rameshbabu", accuracy=81.0),
            replace(BLACK, name="Nepomniachtchi, Ian Alexandrovich"),
            (),
            "Stockfish 17.1 · 250 000 nodes a position",
            29,
            48,
        ),
        SummaryView(SummaryState.FAILED, WHITE, BLACK, reason="Stockfish stopped answering three times at ply 31."),
        SummaryView(SummaryState.NOT_ANALYSED, WHITE, BLACK),
        SummaryView(SummaryState.NOT_JUDGED, WHITE, BLACK, reason="Duck chess is a variant Stockfish does not play."),
    )
    panels = []
    for view in views:
        panel = SummaryPanel()
        panel.set_view(view)
        panels.append(panel)
    return row(*panels, width=1700, height=400)


def moves_of(text: str) -> tuple[LineMove, ...]:
    """Numbered moves from printed text."""
    result, number = [], ""
    for word in text.split():
        if word[0].isdigit():
            number = word
        else:
            result.append(LineMove(word, number))
            number = ""
    return tuple(result)


def lines() -> QWidget:
    """A better line and a refutation, and the empty panel."""
    panel, empty = LinesPanel(), LinesPanel()
    better = moves_of("19. Be4 Qh3 20. g3 Rxg3+ 21. hxg3 Qxg3+ 22. Kh1 Bxf2 23. Re2 Nd4 24. cxd4 Bxe4")
    bad = moves_of("19… Qxf3 20. Be4 Qxf6 21. Re2 Kd8 22. Bxe7+ Qxe7 23. Kh1")
    panel.set_lines(
        [
            LineCard("better", "Best was Be4", LineRole.BEST, Cp(86), better, "depth 18"),
            LineCard("refutation", "Refutation of Rad1", LineRole.REFUTATION, Cp(-462), bad, "depth 19"),
        ]
    )
    panel.set_current("refutation", 2)
    return column(panel, empty, width=380, height=420)


def players() -> QWidget:
    """Names short and long, clocks, results, a pocket."""
    strips = []
    for facts in (
        PlayerFacts("Carlsen, Magnus", white=True, rating=2863, title="GM", clock_s=3671, to_move=True),
        PlayerFacts(
            "Wojtaszek-Vachier-Lagrave van der Sterren, Maximilian-Alexander",
            white=False,
            rating=2704,
            points="1",
            clock_s=12.4,
        ),
        PlayerFacts("DrNykterstein", white=False, rating=3330, points="½"),
        PlayerFacts("JannLee", white=True, rating=2712, pocket="PPNQbr", clock_s=45, points="0"),
    ):
        strip = PlayerStrip()
        strip.set_player(facts)
        strips.append(strip)
    transport = Transport()
    transport.set_place(12, 47, errors=True)
    return column(*strips, transport, width=460, height=240)


def empties() -> QWidget:
    """The greeting and the missing engine."""
    hello, engine = EmptyState(), EmptyState()
    hello.set_content(
        "drop",
        "Drop your games here",
        "PGN files, folders or archives. Stockfish reviews every game while you click through the ones that are done.",
        actions=(
            EmptyAction("open", "Open files…", icon="open"),
            EmptyAction("samples", "Try with sample games", primary=True, icon="play"),
        ),
    )
    engine.set_content(
        "engine",
        "Stockfish is not installed",
        "Kibitz needs a chess engine to review games. Install it with this command, then try again.",
        actions=(EmptyAction("retry", "Try again", primary=True), EmptyAction("choose", "Choose an engine…")),
        code="sudo apt install stockfish",
        error=True,
    )
    return row(hello, engine, width=960, height=360)


def overlays() -> QWidget:
    """Toasts and the drop cover, side by side."""
    left, right = QWidget(), QWidget()
    holder = row(left, right, width=1100, height=360)
    stack = ToastStack(left)
    stack.show_toast(ToastNews("Imported 1 204 games, 3 rejected.", ToastKind.DONE, "Details", "details"))
    stack.show_toast(ToastNews("Game removed from the queue.", ToastKind.INFO, "Undo", "undo"))
    stack.show_toast(
        ToastNews(
            "Stockfish crashed twice in Anderssen against Dufresne; the game is marked as failed.",
            ToastKind.ERROR,
            "Retry",
            "r",
        )
    )
    left.resize(540, 340)
    overlay = DropOverlay(right)
    overlay.show_files(3, "carlsen_2021.pgn, otb_4000.pgn.zst, games/")
    return holder


def states() -> QWidget:
    """The library's state column in a table."""
    table = QTableWidget(7, 3)
    delegate = StateDelegate(table)
    table.setItemDelegateForColumn(2, delegate)
    table.setHorizontalHeaderLabels(["White", "Black", "State"])
    entries = (
        StateCell(GameState.ANALYSED, None, 78.6, 71.2, (3, 0, 2), (1, 1, 2)),
        StateCell(GameState.ANALYSED, 0.6, 94.1, 100.0, (1, 0, 0), (0, 0, 0)),
        StateCell(GameState.IN_PROGRESS, 0.62),
        StateCell(GameState.QUEUED),
        StateCell(GameState.UNANALYSED),
        StateCell(GameState.FAILED, reason="Stockfish stopped answering three times at ply 31"),
        StateCell(GameState.UNANALYSED, reason="Not judged: duck chess"),
    )
    for index, cell in enumerate(entries):
        table.setItem(index, 0, QTableWidgetItem("Praggnanandhaa R."))
        table.setItem(index, 1, QTableWidgetItem("Carlsen, Magnus"))
        item = QTableWidgetItem("")
        item.setData(STATE_ROLE, cell)
        table.setItem(index, 2, item)
    table.setColumnWidth(0, 150)
    table.setColumnWidth(1, 150)
    table.setColumnWidth(2, 260)
    table.verticalHeader().hide()
    table.setShowGrid(False)
    table.selectRow(1)
    table.resize(590, 270)
    return table


def controls() -> QWidget:
    """Everything the style sheet paints."""
    primary, plain, quiet, off = (
        QPushButton("Analyse 40 games"),
        QPushButton("Cancel"),
        QPushButton("Undo"),
        QPushButton("Off"),
    )
    primary.setProperty("role", "primary")
    quiet.setProperty("role", "quiet")
    off.setEnabled(False)
    edit, combo, spin, tick = QLineEdit(), QComboBox(), QSpinBox(), QCheckBox("Show only games with blunders")
    edit.setPlaceholderText("Filter: white:carlsen blunders>=2")
    combo.addItems(["Standard: 250 000 nodes", "Quick"])
    tick.setChecked(True)
    bar, slider, tabs = QProgressBar(), QSlider(Qt.Orientation.Horizontal), QTabBar()
    bar.setValue(62)
    bar.setTextVisible(False)
    slider.setValue(40)
    for name in ("Moves", "Lines", "Summary"):
        tabs.addTab(name)
    icons = QWidget()
    grid = QGridLayout(icons)
    for index, path in enumerate(sorted(theme.icon_folder().glob("*.svg"))):
        button = QToolButton()
        button.setIcon(icon(path.stem))
        button.setIconSize(QSize(20, 20))
        grid.addWidget(button, index // 16, index % 16)
    return column(
        row(primary, plain, quiet, off),
        edit,
        row(combo, spin),
        tick,
        bar,
        slider,
        tabs,
        icons,
        SkeletonRows(),
        width=620,
        height=640,
    )


def review() -> QWidget:
    """How the parts sit together: board, bar, strips, graph, list, summary, lines."""
    game = evergreen()
    bar, moves, summary, panel, graph = EvalBar(), MoveList(), SummaryPanel(), LinesPanel(), EvalGraph()
    black, white, transport = PlayerStrip(), PlayerStrip(), Transport()
    black.set_player(PlayerFacts("Dufresne, Jean", white=False, to_move=True, clock_s=3661))
    white.set_player(PlayerFacts("Anderssen, Adolf", white=True, points="1", clock_s=3800))
    transport.set_place(37, 47, errors=True)
    bar.set_score(Cp(-421))
    moves.set_game(cells(game), opening="C52 Evans Gambit: Main Line", result="1\u20130")
    moves.set_current_ply(37)
    summary.set_view(
        SummaryView(SummaryState.DONE, WHITE, BLACK, (PhaseFacts("Opening", 88.4, 85.1),), "Stockfish 15.1")
    )
    better = moves_of("19. Be4 Qh3 20. g3 Rxg3+ 21. hxg3 Qxg3+ 22. Kh1 Bxf2")
    panel.set_lines([LineCard("b", "Best was Be4", LineRole.BEST, Cp(86), better)])
    graph.set_points(points(game))
    graph.set_phases([PhaseLine(21, "Middlegame")])
    graph.set_current_ply(37)
    holder = QWidget()
    outer = QHBoxLayout(holder)
    right = QVBoxLayout()
    left = BoardStack(board_arrows(), bar, above=[black], below=[white, transport])
    right.addWidget(summary)
    right.addWidget(panel)
    right.addWidget(moves, 1)
    right.addWidget(graph)
    outer.addWidget(left, 3)
    outer.addLayout(right, 2)
    holder.resize(1120, 720)
    return holder


SCENES: dict[str, Callable[[], QWidget]] = {
    "board-arrows": board_arrows,
    "board-check": board_check,
    "moves": move_list,
    "moves-long": move_list_long,
    "bars": eval_bars,
    "graphs": graphs,
    "summaries": summaries,
    "lines": lines,
    "players": players,
    "empties": empties,
    "overlays": overlays,
    "states": states,
    "controls": controls,
    "review": review,
}
