"""The move list's rows: what a game looks like as a numbered two-column list, and the item model over it.

Main thread. `windows` maps a game to `MoveCell`s; the model turns them into rows and tells the view only what changed,
so that a game being analysed fills in without losing scroll position or selection.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING, TypeAlias

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from desktop_app.ui.runtime.tokens import Mark
from desktop_app.ui.widgets.marks import WORDS
from desktop_app.ui.widgets.scores import score_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.domain.evaluation import Score
    from desktop_app.domain.judgement import Judgement

_AnyIndex: TypeAlias = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class MoveCell:
    """One move as the list shows it.

    Attributes:
        ply: 1 for the game's first move (even when Black made it: then `black` says so).
        san: the move in standard algebraic notation, without glyphs.
        number: the move's number as printed.
        black: whether Black made it.
        score: after the move, White's side; None while it is not evaluated.
        judgement: our verdict, None for a move that is fine or not judged.
        glyph: the human glyphs of the game ("!", "!?", "N"), kept apart from our verdict.
        clock_s: seconds left on the mover's clock, None where there is none.
        comment: the human comment after the move, without commands.
        variations: the human variations that replace this move, each as one line of text.
        provisional: the verdict may still change; it is shown faded.
        doubt: why the verdict is not certain, "" where it is; shown by a dotted line and said by the tooltip.
    """

    ply: int
    san: str
    number: int
    black: bool
    score: Score | None = None
    judgement: Judgement | None = None
    glyph: str = ""
    clock_s: float | None = None
    comment: str = ""
    variations: tuple[str, ...] = ()
    provisional: bool = False
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class MoveRow:
    """A numbered line of the list; a missing side is shown as an ellipsis (White) or left empty (Black)."""

    number: int
    white: MoveCell | None
    black: MoveCell | None

    def cells(self) -> tuple[MoveCell, ...]:
        """The moves that are there."""
        return tuple(cell for cell in (self.white, self.black) if cell is not None)


class NoteKind(IntEnum):
    """What a line of text is."""

    OPENING = 0
    COMMENT = 1
    VARIATION = 2
    RESULT = 3


@dataclass(frozen=True, slots=True)
class NoteRow:
    """A line of text between moves; `ply` is the move it belongs to (0: the whole game)."""

    kind: NoteKind
    text: str
    ply: int


Row: TypeAlias = MoveRow | NoteRow


def rows_of(cells: Sequence[MoveCell], *, opening: str = "", comment: str = "", result: str = "") -> list[Row]:
    """The rows of a game: opening, moves in two columns broken by comments and variations, result."""
    rows: list[Row] = []
    if opening:
        rows.append(NoteRow(NoteKind.OPENING, opening, 0))
    if comment:
        rows.append(NoteRow(NoteKind.COMMENT, comment, 0))
    open_row: MoveRow | None = None
    for cell in cells:
        if cell.black and open_row is not None:
            rows[-1] = replace(open_row, black=cell)
        else:
            rows.append(MoveRow(cell.number, None, cell) if cell.black else MoveRow(cell.number, cell, None))
        last = rows[-1]
        open_row = last if isinstance(last, MoveRow) and last.black is None else None
        notes = _notes(cell)
        if notes:
            rows.extend(notes)
            open_row = None
    if result:
        rows.append(NoteRow(NoteKind.RESULT, result, cells[-1].ply if cells else 0))
    return rows


def _notes(cell: MoveCell) -> list[NoteRow]:
    notes = [NoteRow(NoteKind.COMMENT, cell.comment, cell.ply)] if cell.comment else []
    return notes + [NoteRow(NoteKind.VARIATION, text, cell.ply) for text in cell.variations]


def _shape(row: Row) -> tuple[object, ...]:
    """What must stay the same for a row to be updated in place: its place, and everything its height depends on."""
    if isinstance(row, NoteRow):
        return (row.kind, row.ply, row.text)
    return (row.number, *(cell.ply for cell in row.cells()))


class MoveListModel(QAbstractListModel):
    """Rows of one game; `RowRole` gives the row itself, the display role gives it in words."""

    RowRole = Qt.ItemDataRole.UserRole

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[Row] = []
        self._row_of_ply: dict[int, int] = {}

    def set_rows(self, rows: Sequence[Row]) -> bool:
        """Shows these rows; returns False when only contents changed, True when the whole list is new."""
        new, old = list(rows), self._rows
        if [_shape(row) for row in new] == [_shape(row) for row in old]:
            self._rows = new
            for index, (after, before) in enumerate(zip(new, old, strict=True)):
                if after != before:
                    self.dataChanged.emit(self.index(index), self.index(index))
            return False
        self.beginResetModel()
        self._rows = new
        self._row_of_ply = {
            cell.ply: index for index, row in enumerate(new) if isinstance(row, MoveRow) for cell in row.cells()
        }
        self.endResetModel()
        return True

    def update_cell(self, cell: MoveCell) -> bool:
        """Puts new facts into one move; False when the list has no such move or its text would change."""
        index = self._row_of_ply.get(cell.ply)
        if index is None:
            return False
        row = self._rows[index]
        if not isinstance(row, MoveRow):
            return False
        self._rows[index] = replace(row, black=cell) if cell.black else replace(row, white=cell)
        self.dataChanged.emit(self.index(index), self.index(index))
        return True

    def row_of(self, ply: int) -> int | None:
        """The row a ply is in, None for the start position and plies that are not in the list."""
        return self._row_of_ply.get(ply)

    def row_at(self, index: int) -> Row:
        """The row itself."""
        return self._rows[index]

    def rowCount(self, parent: _AnyIndex | None = None) -> int:
        """Rows of the list; items have no children."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def data(self, index: _AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """The row itself, or its words for screen readers and keyboard search."""
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        if role == self.RowRole:
            return row
        if role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole}:
            return _words(row)
        return None


def _words(row: Row) -> str:
    if isinstance(row, NoteRow):
        return row.text
    said = []
    for cell in row.cells():
        verdict = f", {WORDS[Mark(cell.judgement.value)]}" if cell.judgement else ""
        score = f", {score_words(cell.score)}" if cell.score is not None else ""
        doubt = f" ({cell.doubt})" if cell.doubt and cell.judgement else ""
        said.append(f"{cell.number}{'…' if cell.black else '.'} {cell.san}{cell.glyph}{verdict}{doubt}{score}")
    return "; ".join(said)
