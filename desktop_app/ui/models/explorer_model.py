"""The explorer's two tables: the moves of a position with how they did, and the games that have it.

Main thread; filled by `windows.explorer_panel` from the answers of `ExplorerController`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from desktop_app.ui.models.table_rows import ROW_ROLE, TableRows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtGui import QFont

    from desktop_app.domain.positions import MoveCount
    from desktop_app.services.explore_position import Exploration
    from desktop_app.services.find_position import PositionGame

_Index = QModelIndex | QPersistentModelIndex
MOVE, GAMES, RESULTS, RATING, LAST, BEST = range(6)
_DASH = "\N{EN DASH}"
TOTAL = "All"


@dataclass(frozen=True, slots=True)
class ExplorerRow:
    """One line: a move, or all of them (`uci` is empty)."""

    uci: str
    san: str
    count: MoveCount

    @property
    def decided(self) -> int:
        """Games with a result."""
        return self.count.white_wins + self.count.draws + self.count.black_wins

    def shares(self) -> tuple[float, float, float]:
        """White's wins, draws and Black's wins, 0…1 of the games with a result; zeros where there is none."""
        whole = self.decided or 1
        return self.count.white_wins / whole, self.count.draws / whole, self.count.black_wins / whole


class ExplorerMoves(TableRows[ExplorerRow]):
    """Moves, most played first; the last line is their total."""

    titles = ("Move", "Games", "White / draw / Black", "Rating", "Last", "Best")
    tips = (
        "Click or press Enter to play the move on the board",
        "Games in which it was played here",
        "How those games ended",
        "Average rating of both players",
        "When it was last played",
        "Best accuracy of the player who chose it, of analysed games",
    )

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._extra: dict[int, Callable[[ExplorerRow], Any]] = {}
        self._total_font: QFont | None = None

    def set_total_font(self, font: QFont) -> None:
        """How the total is written."""
        self._total_font = font

    def show(self, answer: Exploration | None) -> None:
        """Show an answer, or nothing."""
        rows = [ExplorerRow(move.uci, move.san, move.count) for move in answer.moves] if answer else []
        if rows and answer is not None:
            rows.append(ExplorerRow("", TOTAL, answer.total))
        self.put(rows)

    def key(self, row: ExplorerRow) -> object:
        """The move."""
        return row.uci

    def text(self, row: ExplorerRow, column: int) -> str:
        """What a cell says; the results are painted."""
        count = row.count
        if column == MOVE:
            return row.san
        if column == GAMES:
            return f"{count.games:,}"
        if column == RATING:
            return "" if count.average_elo is None else f"{count.average_elo:.0f}"
        if column == LAST:
            return count.last_played[:4].replace("?", "")
        if column == BEST:
            return "" if count.best_accuracy is None else f"{count.best_accuracy:.0f}%"
        return ""

    def tip(self, row: ExplorerRow, column: int) -> str | None:
        """The results in numbers, the whole date."""
        if column == RESULTS:
            return results_words(row)
        if column == LAST:
            return row.count.last_played.replace(".??", "") or None
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Also alignment, and words for screen readers."""
        if index.isValid() and role == Qt.ItemDataRole.TextAlignmentRole:
            right = index.column() not in {MOVE, RESULTS}
            side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        if index.isValid() and role == Qt.ItemDataRole.AccessibleTextRole and index.column() == RESULTS:
            return results_words(self.row(index.row()))
        if index.isValid() and role == Qt.ItemDataRole.FontRole:
            return self._total_font if not self.row(index.row()).uci else None
        if index.isValid() and role in self._extra:
            return self._extra[role](self.row(index.row()))
        return super().data(index, role)

    def add_role(self, role: int, value: Callable[[ExplorerRow], Any]) -> None:
        """Answer one more role, for a delegate that wants its own form of a row."""
        self._extra[int(role)] = value

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Titles, and what they mean."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.ToolTipRole:
            return self.tips[section] if 0 <= section < len(self.tips) else None
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignLeft if section in {MOVE, RESULTS} else Qt.AlignmentFlag.AlignRight
            return side | Qt.AlignmentFlag.AlignVCenter
        return super().headerData(section, orientation, role)


def results_words(row: ExplorerRow) -> str:
    """How the games ended, in words."""
    if not row.decided:
        return "No game with a result"
    white, draws, black = (f"{100 * share:.1f} %" for share in row.shares())
    count = row.count
    drawn = f"{count.draws:,} drawn ({draws})"
    return f"White won {count.white_wins:,} ({white}), {drawn}, Black won {count.black_wins:,} ({black})"


class PositionGames(QAbstractTableModel):
    """Games with the position; asks for more when the end is seen. Signals: `more_wanted()`: answer with `add`."""

    more_wanted = Signal()
    titles = ("White", "Elo", "Black", "Elo", "Result", "Date", "Next")

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._games: list[PositionGame] = []
        self._more = False

    def rowCount(self, parent: _Index | None = None) -> int:
        """Games that are here."""
        return 0 if parent is not None and parent.isValid() else len(self._games)

    def columnCount(self, parent: _Index | None = None) -> int:
        """Fixed."""
        return 0 if parent is not None and parent.isValid() else len(self.titles)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """A cell."""
        if not index.isValid():
            return None
        game, column = self._games[index.row()], index.column()
        if role == ROW_ROLE:
            return game
        if role == Qt.ItemDataRole.DisplayRole:
            return _GAME_TEXTS[column](game)
        if role == Qt.ItemDataRole.ToolTipRole:
            row = game.row
            return f"{row.event} {row.round}".strip() if column in {0, 2} else None
        if role == Qt.ItemDataRole.TextAlignmentRole and column in {1, 3, 4}:
            return Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Titles."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self.titles[section] if 0 <= section < len(self.titles) else None
        return None

    def game(self, row: int) -> PositionGame:
        """The game in this row."""
        return self._games[row]

    def show(self, games: Sequence[PositionGame], *, more: bool) -> None:
        """Show these; `more` says whether others follow."""
        self.beginResetModel()
        self._games, self._more = list(games), more
        self.endResetModel()

    def add(self, games: Sequence[PositionGame], *, more: bool) -> None:
        """These follow."""
        self._more = more
        if games:
            self.beginInsertRows(QModelIndex(), len(self._games), len(self._games) + len(games) - 1)
            self._games += games
            self.endInsertRows()

    def canFetchMore(self, _parent: _Index) -> bool:
        """Whether there are games that are not here yet, and were not asked for."""
        return self._more

    def fetchMore(self, _parent: _Index) -> None:
        """The view came near the end."""
        self._more = False
        self.more_wanted.emit()


def _result(game: PositionGame) -> str:
    result = game.row.result
    return f"½{_DASH}½" if result == "1/2-1/2" else result.replace("-", _DASH)


_GAME_TEXTS = (
    lambda game: game.row.white or "?",
    lambda game: str(game.row.white_elo or ""),
    lambda game: game.row.black or "?",
    lambda game: str(game.row.black_elo or ""),
    _result,
    lambda game: game.row.date.replace(".??", "").replace("????", ""),
    lambda game: game.next_san or "end",
)
