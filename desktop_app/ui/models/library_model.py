"""The table of games: a list of ids, and rows that are fetched page by page when somebody looks at them.

Main thread. Knows no library: it asks for rows by signal and is given them by `controllers.library_controller`.
"""

from __future__ import annotations

from array import array
from enum import IntEnum
from typing import TYPE_CHECKING, Any, cast

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from desktop_app.domain.game import GameId, GameState

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from desktop_app.domain.rows import GameRow
    from desktop_app.domain.sets import Tag, TagId

PAGE_ROWS = 100
_MOST_PAGES = 60
_Index = QModelIndex | QPersistentModelIndex
_DASH = "\N{EN DASH}"


class Column(IntEnum):
    """Columns, left to right."""

    WHITE = 0
    BLACK = 1
    RESULT = 2
    STATE = 3
    MOVES = 4
    OPENING = 5
    DATE = 6
    EVENT = 7
    WHITE_ELO = 8
    BLACK_ELO = 9
    WHITE_ACCURACY = 10
    BLACK_ACCURACY = 11
    WHITE_ERRORS = 12
    BLACK_ERRORS = 13


TITLES: dict[Column, tuple[str, str, str]] = {
    Column.STATE: ("Review", "State, accuracies and errors of both sides", "state"),
    Column.WHITE: ("White", "White", "white"),
    Column.WHITE_ELO: ("Elo W", "White's rating", "white_elo"),
    Column.BLACK: ("Black", "Black", "black"),
    Column.BLACK_ELO: ("Elo B", "Black's rating", "black_elo"),
    Column.RESULT: ("Result", "Result", "result"),
    Column.MOVES: ("Moves", "Length in moves", "ply_count"),
    Column.WHITE_ACCURACY: ("Acc. W", "White's accuracy, per cent", "white_accuracy"),
    Column.BLACK_ACCURACY: ("Acc. B", "Black's accuracy, per cent", "black_accuracy"),
    Column.WHITE_ERRORS: ("?! ? ?? W", "White's inaccuracies, mistakes, blunders", "white_blunders"),
    Column.BLACK_ERRORS: ("?! ? ?? B", "Black's inaccuracies, mistakes, blunders", "black_blunders"),
    Column.OPENING: ("Opening", "Opening, named by position", "eco"),
    Column.DATE: ("Date", "Date", "date"),
    Column.EVENT: ("Event", "Event", "event"),
}
"""Short title, what a tooltip and a screen reader say, and the library's name for sorting."""

NUMBERS = frozenset(
    {
        Column.WHITE_ELO,
        Column.BLACK_ELO,
        Column.RESULT,
        Column.MOVES,
        Column.WHITE_ACCURACY,
        Column.BLACK_ACCURACY,
        Column.WHITE_ERRORS,
        Column.BLACK_ERRORS,
    }
)
GAME_ROLE = Qt.ItemDataRole.UserRole + 1
"""The cell's whole `GameRow`, None while it is being fetched."""
ID_ROLE = Qt.ItemDataRole.UserRole + 2
TAGS_ROLE = Qt.ItemDataRole.UserRole + 3
"""The game's `Tag`s, by name; an empty tuple for none."""
_DISPLAY = int(Qt.ItemDataRole.DisplayRole)
_ALIGNMENT = int(Qt.ItemDataRole.TextAlignmentRole)
STATE_WORDS = {
    GameState.UNANALYSED: "Not analysed",
    GameState.QUEUED: "Queued",
    GameState.IN_PROGRESS: "Being analysed",
    GameState.ANALYSED: "Analysed",
    GameState.FAILED: "Failed",
}


class LibraryModel(QAbstractTableModel):
    """Games in the order of a query.

    Signals: `rows_wanted(ids: tuple[GameId, ...], generation: int)`: answer with `put_rows` and the same generation.
    """

    rows_wanted = Signal(object, int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ids: array[int] = array("q")
        self._cache: dict[int, GameRow] = {}
        self._place: dict[int, int] = {}
        self._asked: set[int] = set()
        self._pages: list[int] = []
        self._extra: dict[int, Callable[[GameRow], Any]] = {}
        self._roles = {_DISPLAY, _ALIGNMENT, int(Qt.ItemDataRole.ToolTipRole), int(GAME_ROLE), int(ID_ROLE)}
        self._roles.add(int(TAGS_ROLE))
        self._tags: dict[int, Tag] = {}
        self._tagged: dict[int, tuple[TagId, ...]] = {}
        self.generation = 0

    def add_role(self, role: int, value: Callable[[GameRow], Any]) -> None:
        """Answer one more role, for a delegate that wants its own form of a row."""
        self._extra[int(role)] = value
        self._roles.add(int(role))

    def rowCount(self, parent: _Index | None = None) -> int:
        """Games of the query."""
        return 0 if parent is not None and parent.isValid() else len(self._ids)

    def columnCount(self, parent: _Index | None = None) -> int:
        """Fixed."""
        return 0 if parent is not None and parent.isValid() else len(Column)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """A cell; asks for its page when the row is not at hand."""
        # A screen asks for some thousand cells and roles a frame: what it will not get is refused first.
        if role not in self._roles or not index.isValid():
            return None
        if role == _ALIGNMENT:
            return _ALIGNMENTS[index.column()]
        if role == ID_ROLE:
            return self._ids[index.row()]
        return self._content(index.row(), index.column(), role)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Titles; the long form as a tooltip."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(Column):
            return None
        short, long, _ = TITLES[Column(section)]
        if role == Qt.ItemDataRole.DisplayRole:
            return short
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return long
        return _alignment(Column(section)) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def set_ids(self, ids: Iterable[int]) -> None:
        """Show these games in this order. Rows already known stay known; a longer list is an insertion, not a reset."""
        new = array("q", ids)
        old = self._ids
        if len(new) >= len(old) and new[: len(old)] == old:
            if len(new) > len(old):
                self._forget_page(len(old) // PAGE_ROWS)
                self.beginInsertRows(QModelIndex(), len(old), len(new) - 1)
                self._ids = new
                self.endInsertRows()
            return
        self.generation += 1
        self.beginResetModel()
        self._asked.clear()
        self._ids = new
        self._cache.clear()
        self._tagged.clear()
        self._place.clear()
        self._pages.clear()
        self.endResetModel()

    def show_first(self, rows: Sequence[GameRow], tags: Mapping[GameId, tuple[TagId, ...]] | None = None) -> None:
        """Show the first page of a list whose other ids are still being read; `set_ids` brings them."""
        self.set_ids(row.id for row in rows)
        self._place = {row.id: place for place, row in enumerate(rows)}
        if 0 not in self._asked:
            self._asked.add(0)
            self._pages.append(0)
        self.put_rows(rows, self.generation, tags)

    def put_rows(
        self, rows: Iterable[GameRow], generation: int, tags: Mapping[GameId, tuple[TagId, ...]] | None = None
    ) -> None:
        """Fetched rows, in any order, with the tags of those that have some; an older generation's are dropped."""
        if generation != self.generation:
            return
        places = []
        for row in rows:
            place = self._place.get(row.id)
            if place is not None:
                self._cache[row.id] = row
                self._tagged.pop(row.id, None)
                if tags and row.id in tags:
                    self._tagged[row.id] = tags[row.id]
                places.append(place)
        self._announce(places)

    def set_tags(self, tags: Iterable[Tag]) -> None:
        """Which tags there are, with their names and colours."""
        self._tags = {tag.id: tag for tag in tags}
        self._announce([self._place[game] for game in self._tagged if game in self._place])

    def _tags_of(self, game: int) -> tuple[Tag, ...]:
        return tuple(self._tags[one] for one in self._tagged.get(game, ()) if one in self._tags)

    def stale(self, games: Collection[int]) -> None:
        """These games changed in the library: those at hand are fetched again and redrawn in place when they arrive."""
        few, many = (games, self._cache) if len(games) < len(self._cache) else (self._cache, games)
        ids = tuple(GameId(game) for game in few if game in many)
        if ids:
            self.rows_wanted.emit(ids, self.generation)

    def forget(self) -> None:
        """Everything may have changed: fetch what is looked at again."""
        self.stale(list(self._cache))

    def game_id(self, row: int) -> GameId:
        """The game in this row."""
        return GameId(self._ids[row])

    def ids(self) -> list[GameId]:
        """All games of the query, in order."""
        return [GameId(game) for game in self._ids]

    def all_ids(self) -> Sequence[GameId]:
        """All games of the query, in order, as they are kept: never changed, only replaced by others."""
        return cast("Sequence[GameId]", self._ids)

    def row_of(self, game: int) -> int | None:
        """Where a game stands, None when the query does not hold it."""
        place = self._place.get(game)
        if place is not None:
            return place
        try:
            return self._ids.index(game)
        except ValueError:
            return None

    def known(self, game: int) -> GameRow | None:
        """The row if it is at hand."""
        return self._cache.get(game)

    def _content(self, row: int, column: int, role: int) -> Any:
        game = self._cache.get(self._ids[row])
        if game is None:
            self._ask(row)
            return "…" if role == _DISPLAY and column == Column.WHITE else None
        if role == _DISPLAY:
            return _TEXTS[column](game)
        if role == GAME_ROLE:
            return game
        if role == TAGS_ROLE:
            return self._tags_of(game.id)
        extra = self._extra.get(role)
        return self._tip(Column(column), game) if extra is None else extra(game)

    def _tip(self, column: Column, game: GameRow) -> str | None:
        """What hovering says; over White, whose cell shows their dots, the tags by name too."""
        tags = ", ".join(tag.name for tag in self._tags_of(game.id)) if column is Column.WHITE else ""
        tip = tooltip(column, game)
        return f"{tip}\nTags: {tags}" if tags else tip

    def _ask(self, row: int) -> None:
        page = row // PAGE_ROWS
        if page in self._asked:
            return
        self._asked.add(page)
        self._pages.append(page)
        first = page * PAGE_ROWS
        ids = self._ids[first : first + PAGE_ROWS]
        for offset, game in enumerate(ids):
            self._place[game] = first + offset
        if len(self._pages) > _MOST_PAGES:
            self._drop(self._pages.pop(0))
        self.rows_wanted.emit(tuple(GameId(game) for game in ids), self.generation)

    def unask(self, ids: Sequence[int]) -> None:
        """These rows, a page's, will not come: ask again when they are looked at."""
        place = self._place.get(ids[0]) if ids else None
        if place is not None and place // PAGE_ROWS in self._asked:
            page = place // PAGE_ROWS
            self._pages.remove(page)
            self._drop(page)

    def _forget_page(self, page: int) -> None:
        """The page that grows must be asked for again; rows at hand stay."""
        if page in self._asked:
            self._asked.discard(page)
            self._pages.remove(page)

    def _drop(self, page: int) -> None:
        self._asked.discard(page)
        for game in self._ids[page * PAGE_ROWS : (page + 1) * PAGE_ROWS]:
            self._cache.pop(game, None)
            self._tagged.pop(game, None)
            self._place.pop(game, None)

    def _announce(self, places: Sequence[int]) -> None:
        """`dataChanged` for runs of neighbouring rows."""
        ordered = sorted(places)
        start = 0
        for position, place in enumerate(ordered):
            if position + 1 == len(ordered) or ordered[position + 1] > place + 1:
                self.dataChanged.emit(self.index(ordered[start], 0), self.index(place, len(Column) - 1))
                start = position + 1


def _alignment(column: Column) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignHCenter if column in NUMBERS else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


def errors_text(row: GameRow, *, white: bool) -> str:
    """Counts of inaccuracies, mistakes and blunders of one side, or nothing."""
    side = "white" if white else "black"
    counts = [getattr(row, f"{side}_{name}") for name in ("inaccuracies", "mistakes", "blunders")]
    return "" if counts[0] is None else "  ".join(str(count or 0) for count in counts)


_GOES_ON = {
    GameState.IN_PROGRESS: "; where a verdict could change, the engine looks closer",
    GameState.QUEUED: "; it waits to be looked at more closely",
}
_FIGURES = frozenset({Column.WHITE_ACCURACY, Column.BLACK_ACCURACY, Column.WHITE_ERRORS, Column.BLACK_ERRORS})


def tooltip(column: Column, row: GameRow) -> str | None:
    """What hovering over a cell says; None where the cell says it all."""
    if column is Column.STATE or (column in _FIGURES and row.provisional):
        return _state_tip(row)
    if column in (Column.WHITE, Column.BLACK, Column.EVENT):
        return _TEXTS[column](row) or None
    if column is Column.OPENING:
        return f"{row.eco} {row.opening}".strip() or None
    return None


def _state_tip(row: GameRow) -> str:
    if row.state is GameState.FAILED:
        return f"Failed: {row.error or 'no reason given'}. Click to try again."
    if row.not_judged:
        return f"Not judged: {row.not_judged}"
    if row.provisional and row.looked:
        return "A first look: figures may still change" + _GOES_ON.get(row.state, "; analyse it again to go on")
    if row.state is GameState.IN_PROGRESS:
        return f"{row.evaluated} of {row.positions_total} positions evaluated"
    if row.state is GameState.ANALYSED and row.too_short:
        return "Analysed; too short for an accuracy"
    return STATE_WORDS[row.state] + (f" (partial: {row.partial})" if row.partial else "")


def _accuracy(row: GameRow, value: float | None) -> str:
    """A percentage, with a tilde while it may change; a dash for a game too short to have one."""
    if value is None:
        return ""
    return _DASH if row.too_short else f"{'~' if row.provisional else ''}{value:.0f}%"


def _date(row: GameRow) -> str:
    return row.date.replace(".??", "").replace("????", "")


_TEXTS: dict[int, Callable[[GameRow], str]] = {
    Column.STATE: lambda row: STATE_WORDS[row.state],
    Column.WHITE: lambda row: row.white or "?",
    Column.WHITE_ELO: lambda row: str(row.white_elo or ""),
    Column.BLACK: lambda row: row.black or "?",
    Column.BLACK_ELO: lambda row: str(row.black_elo or ""),
    Column.RESULT: lambda row: f"½{_DASH}½" if row.result == "1/2-1/2" else row.result.replace("-", _DASH),
    Column.MOVES: lambda row: str((row.ply_count + 1) // 2),
    Column.WHITE_ACCURACY: lambda row: _accuracy(row, row.white_accuracy),
    Column.BLACK_ACCURACY: lambda row: _accuracy(row, row.black_accuracy),
    Column.WHITE_ERRORS: lambda row: errors_text(row, white=True),
    Column.BLACK_ERRORS: lambda row: errors_text(row, white=False),
    Column.OPENING: lambda row: f"{row.eco} {row.opening}".strip(),
    Column.DATE: _date,
    Column.EVENT: lambda row: row.event,
}
_ALIGNMENTS = [_alignment(column) for column in Column]
