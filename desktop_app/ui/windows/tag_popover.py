"""Tags of the selected games in a small card: type to find, Enter or a digit to put on and take off. Main thread.

Opened by T; knows no library: it is given tags and counts, and says what the user wants.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QKeyEvent, QPainter
from PySide6.QtWidgets import QLineEdit, QListWidget, QListWidgetItem, QStyle, QStyledItemDelegate, QWidget

from desktop_app.domain.counting import counted
from desktop_app.domain.names import fold
from desktop_app.domain.sets import MAX_NAME
from desktop_app.ui.runtime import theme
from desktop_app.ui.runtime.icons import paint_icon
from desktop_app.ui.runtime.tokens import RADIUS
from desktop_app.ui.widgets.popover import Popover
from desktop_app.ui.windows.parts import label
from desktop_app.ui.windows.sidebar_tree import paint_dot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from PySide6.QtCore import QModelIndex, QPersistentModelIndex
    from PySide6.QtWidgets import QStyleOptionViewItem

    from desktop_app.domain.sets import Tag, TagId

_TAG, _STATE, _NUMBER = Qt.ItemDataRole.UserRole + 1, Qt.ItemDataRole.UserRole + 2, Qt.ItemDataRole.UserRole + 3
_DIGITS = 9
_ROWS = 9
_ROW_PX = 28
_WIDTH_PX = 260


class _TagRow(QStyledItemDelegate):
    """A tick (or a dash where only some games have it), the dot, the name, the digit."""

    def sizeHint(self, _option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex) -> QSize:
        """One line."""
        return QSize(_WIDTH_PX - 40, _ROW_PX)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Everything by hand, as in the sidebar."""
        look, rect = theme.tokens(), QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(look.accent_soft))
            painter.drawRoundedRect(rect.adjusted(0, 1, 0, -1), RADIUS, RADIUS)
        middle = rect.center().y()
        tag, state = index.data(_TAG), index.data(_STATE)
        mark = QRectF(rect.left() + 6, middle - 7, 14, 14)
        if tag is None:
            paint_icon(painter, mark, "plus", look.accent)
        elif state == "all":
            paint_icon(painter, mark, "check", look.accent)
        elif state == "some":
            painter.fillRect(QRectF(mark.left() + 2, middle - 1, 10, 2), QColor(look.accent))
        left = rect.left() + 28
        if tag is not None:
            paint_dot(painter, QPointF(left + 6, middle + 0.5), tag.colour)
            left += 18
        painter.setFont(theme.ui_font())
        painter.setPen(QColor(look.text))
        words = painter.fontMetrics().elidedText(
            str(index.data()), Qt.TextElideMode.ElideRight, int(rect.right() - left - 24)
        )
        painter.drawText(QRectF(left, rect.top(), rect.width(), rect.height()), Qt.AlignmentFlag.AlignVCenter, words)
        number = index.data(_NUMBER)
        if number:
            painter.setPen(QColor(look.text_3))
            painter.setFont(theme.mono_font(0.85))
            box = rect.adjusted(0, 0, -8, 0)
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, str(number))
        painter.restore()


class TagPopover(Popover):
    """Signals: `toggled(TagId, on)`, `created(name)`."""

    toggled = Signal(int, bool)
    created = Signal(str)

    def __init__(self, host: QWidget) -> None:
        super().__init__("Tags", host)
        self._tags: Sequence[Tag] = ()
        self._counts: dict[TagId, int] = {}
        self._games = 0
        self._title = label(strength="2")
        self.field = QLineEdit(placeholderText="Find or make a tag")
        self.field.setAccessibleName("Find or make a tag")
        self.field.setMaxLength(MAX_NAME)
        self.field.installEventFilter(self)
        self.list = QListWidget()
        self.list.setItemDelegate(_TagRow(self.list))
        self.list.setAccessibleName("Tags")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._hint = label("Enter puts it on or takes it off", strength="3")
        for widget in (self._title, self.field, self.list, self._hint):
            self.box.addWidget(widget)
        self.setFixedWidth(_WIDTH_PX)
        self.field.textChanged.connect(self._on_typed)
        self.list.itemClicked.connect(self._on_clicked)

    def show_tags(self, tags: Sequence[Tag], counts: Mapping[TagId, int], games: int) -> None:
        """All tags, and how many of the selected games have each."""
        self._tags, self._counts, self._games = tags, dict(counts), games
        self._title.setText(f"Tags of {counted(games, 'game')}" if games > 1 else "Tags of this game")
        self._fill()

    def first_field(self) -> QWidget:
        """Typing finds."""
        return self.field

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys of the field that are the list's: up, down, Enter, and a digit while nothing is typed."""
        if watched is self.field and event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._take_key(event)
        return super().eventFilter(watched, event)

    def _take_key(self, event: QKeyEvent) -> bool:
        key, row = event.key(), self.list.currentRow()
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            step = 1 if key == Qt.Key.Key_Down else -1
            self.list.setCurrentRow(max(0, min(self.list.count() - 1, row + step)))
            return True
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._on_clicked(self.list.currentItem())
            return True
        place = key - Qt.Key.Key_1
        if not self.field.text() and 0 <= place < min(_DIGITS, self.list.count()) and not event.modifiers():
            self._on_clicked(self.list.item(place))
            return True
        return False

    @Slot(QListWidgetItem)
    def _on_clicked(self, item: QListWidgetItem | None) -> None:
        if item is None:
            return
        tag = item.data(_TAG)
        if tag is None:
            name = " ".join(self.field.text().split())
            self.field.clear()
            if name:
                self.created.emit(name)
            return
        on = item.data(_STATE) != "all"
        self._counts[tag.id] = self._games if on else 0
        if self.field.text():
            self.field.clear()
        else:
            self._fill()
        self.toggled.emit(int(tag.id), on)

    @Slot(str)
    def _on_typed(self, _text: str) -> None:
        self._fill()

    def _fill(self) -> None:
        """The tags that fit what is typed, and an offer to make it where none is called so."""
        needle, typed = fold(self.field.text().strip()), " ".join(self.field.text().split())
        chosen = self.list.currentItem().data(_TAG) if self.list.currentItem() is not None else None
        self.list.clear()
        for tag in (one for one in self._tags if needle in fold(one.name)):
            item = QListWidgetItem(tag.name)
            having = self._counts.get(tag.id, 0)
            item.setData(_TAG, tag)
            item.setData(_STATE, "all" if having and having >= self._games else "some" if having else "")
            number = self.list.count() + 1
            item.setData(_NUMBER, number if not needle and number <= _DIGITS else 0)
            on = {"all": "on", "some": "on some"}.get(item.data(_STATE), "off")
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{tag.name}, {on}")
            self.list.addItem(item)
            if not needle and chosen is not None and tag.id == chosen.id:
                self.list.setCurrentItem(item)
        if typed and all(fold(tag.name) != needle for tag in self._tags):
            self.list.addItem(QListWidgetItem(f"Make the tag “{typed}”"))
        if self.list.currentRow() < 0 and self.list.count():
            self.list.setCurrentRow(0)
        shown = max(1, min(_ROWS, self.list.count()))
        self.list.setFixedHeight(shown * _ROW_PX + 4)
        self._hint.setText(
            "Enter puts it on or takes it off" if self.list.count() else "Type a name to make the first tag"
        )
        if self.isVisible():
            self.resize(self.width(), self.sizeHint().height())
