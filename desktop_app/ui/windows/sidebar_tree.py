"""The tree of the sidebar: headings that fold, icons, coloured dots, counts at the right, a plus to make new ones.

Main thread. Shows `models.sidebar_model`; knows its roles and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import QAbstractItemView, QLineEdit, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QTreeView

from desktop_app.domain.sets import MAX_NAME
from desktop_app.ui.models.games_mime import GAMES_MIME
from desktop_app.ui.models.sidebar_model import COLOUR_ROLE, COUNT_ROLE, HEAD_ROLE, ICON_ROLE, SCOPE_ROLE
from desktop_app.ui.runtime import theme
from desktop_app.ui.runtime.icons import paint_icon
from desktop_app.ui.runtime.tokens import RADIUS, TAG_DOTS

if TYPE_CHECKING:
    from PySide6.QtCore import QAbstractItemModel
    from PySide6.QtGui import QDragEnterEvent, QMouseEvent
    from PySide6.QtWidgets import QWidget

_Index = QModelIndex | QPersistentModelIndex
_ROW_PX = 27
_HEAD_PX = 30
_ICON_PX = 16
_INDENT_PX = 10
_PLUS_PX = 28
_CREATES = frozenset({"collections", "tags"})


def dot_colour(name: str) -> QColor:
    """The shade of a tag's colour in the theme in force; a calm grey for none."""
    look = theme.tokens()
    light, dark = TAG_DOTS.get(name, (look.text_3, look.text_3))
    return QColor(dark if look.dark else light)


def paint_dot(painter: QPainter, centre: QPointF, name: str) -> None:
    """A tag's dot; one without a colour is a ring."""
    colour = dot_colour(name)
    painter.setPen(QPen(colour, 1.5))
    painter.setBrush(colour if name else Qt.BrushStyle.NoBrush)
    painter.drawEllipse(centre, 4.5, 4.5)


def _indent(index: _Index) -> int:
    """What stands inside something begins further right."""
    depth, parent = 0, index.parent()
    while parent.isValid():
        depth, parent = depth + 1, parent.parent()
    return depth * _INDENT_PX


class SidebarDelegate(QStyledItemDelegate):
    """One row."""

    def sizeHint(self, _option: QStyleOptionViewItem, index: _Index) -> QSize:
        """Headings stand a little apart."""
        return QSize(80, _HEAD_PX if index.data(HEAD_ROLE) else _ROW_PX)

    def createEditor(self, parent: QWidget, _option: QStyleOptionViewItem, _index: _Index) -> QWidget:
        """A field that takes no longer name than the library does."""
        editor = QLineEdit(parent)
        editor.setMaxLength(MAX_NAME)
        editor.setAccessibleName("New name")
        return editor

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: _Index) -> None:
        """Over the name."""
        rect: QRect = option.rect
        editor.setGeometry(rect.adjusted(_indent(index) + 8 + _ICON_PX, 0, -2, 0))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Ground, then what the row is."""
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(option.rect)
        state = option.state
        look = theme.tokens()
        if index.data(HEAD_ROLE):
            self._heading(painter, rect, index, hot=bool(state & QStyle.StateFlag.State_MouseOver))
        else:
            chosen = bool(state & QStyle.StateFlag.State_Selected)
            hot = bool(state & QStyle.StateFlag.State_MouseOver) and index.data(SCOPE_ROLE) is not None
            if chosen or hot:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(look.accent_soft if chosen else look.hover))
                painter.drawRoundedRect(rect.adjusted(2, 1, -2, -1), RADIUS, RADIUS)
            self._row(painter, rect.adjusted(_indent(index), 0, 0, 0), index, chosen=chosen)
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(QColor(look.accent), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(rect.adjusted(2.5, 1.5, -2.5, -1.5), RADIUS, RADIUS)
        painter.restore()

    def _heading(self, painter: QPainter, rect: QRectF, index: _Index, *, hot: bool) -> None:
        look, view = theme.tokens(), self.parent()
        unfolded = isinstance(view, QTreeView) and view.isExpanded(QModelIndex(index))  # type: ignore[arg-type]
        middle = rect.center().y() + 1
        name = "chevron-down" if unfolded else "chevron-right"
        paint_icon(painter, QRectF(rect.left() + 2, middle - 6, 12, 12), name, look.text_3)
        painter.setFont(theme.ui_font(0.85, QFont.Weight.DemiBold))
        painter.setPen(QColor(look.text_2 if hot else look.text_3))
        box = rect.adjusted(18, 2, -_PLUS_PX, 0)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, str(index.data()))
        if index.data(HEAD_ROLE) in _CREATES:
            plus = QRectF(rect.right() - _PLUS_PX + 8, middle - 7, 14, 14)
            paint_icon(painter, plus, "plus", look.accent if hot else look.text_3)

    def _row(self, painter: QPainter, rect: QRectF, index: _Index, *, chosen: bool) -> None:
        look = theme.tokens()
        hint = index.data(SCOPE_ROLE) is None
        left = rect.left() + (20 if hint else 8)
        middle = rect.center().y()
        if index.data(ICON_ROLE) == "tag":
            paint_dot(painter, QPointF(left + _ICON_PX / 2, middle + 0.5), str(index.data(COLOUR_ROLE) or ""))
        elif not hint:
            box = QRectF(left, middle - _ICON_PX / 2, _ICON_PX, _ICON_PX)
            paint_icon(painter, box, str(index.data(ICON_ROLE)), look.accent if chosen else look.text_2)
        left += 0 if hint else _ICON_PX + 8
        right = rect.right() - 8
        count = index.data(COUNT_ROLE)
        if count is not None:
            right -= self._count(painter, rect, f"{count:,}", right) + 6
        font = theme.ui_font(0.92 if hint else 1.0, QFont.Weight.DemiBold if chosen else QFont.Weight.Normal)
        painter.setFont(font)
        painter.setPen(QColor(look.text_3 if hint else look.text))
        words = QFontMetricsF(font).elidedText(str(index.data()), Qt.TextElideMode.ElideRight, right - left)
        painter.drawText(QRectF(left, rect.top(), right - left, rect.height()), Qt.AlignmentFlag.AlignVCenter, words)

    def _count(self, painter: QPainter, rect: QRectF, text: str, right: float) -> float:
        font = theme.ui_font(0.9)
        width = QFontMetricsF(font).horizontalAdvance(text)
        painter.setFont(font)
        painter.setPen(QColor(theme.tokens().text_3))
        painter.drawText(
            QRectF(right - width, rect.top(), width + 1, rect.height()), Qt.AlignmentFlag.AlignVCenter, text
        )
        return width


class SidebarTree(QTreeView):
    """Signals: `new_requested(section)`, `delete_requested(index)`, `entered()` for Enter, `left()` for Escape."""

    new_requested = Signal(str)
    delete_requested = Signal(QModelIndex)
    entered = Signal()
    left = Signal()

    def __init__(self, model: QAbstractItemModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setModel(model)
        self.setItemDelegate(SidebarDelegate(self))
        self.setAccessibleName("Collections, tags and imports")
        self.setHeaderHidden(True)
        self.setRootIsDecorated(False)
        self.setIndentation(0)  # the delegate indents, so that a chosen row is marked as one piece
        self.setUniformRowHeights(False)
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragDrop)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.setDropIndicatorShown(True)
        self.setTabKeyNavigation(False)
        self.setExpandsOnDoubleClick(False)
        self.setAutoScroll(True)

    def event(self, event: QEvent) -> bool:
        """Delete is ours before it is the window's: it means the collection here, never the games in the table."""
        override = event.type() == QEvent.Type.ShortcutOverride
        if override and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Delete:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete removes what is chosen, Insert makes a new one of its kind, Enter goes on to the games."""
        index = self.currentIndex()
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        elif event.key() == Qt.Key.Key_Delete and index.isValid():
            self.delete_requested.emit(index)
        elif event.key() == Qt.Key.Key_Insert:
            section = index.data(HEAD_ROLE) or (index.parent().data(HEAD_ROLE) if index.isValid() else None)
            self.new_requested.emit(section if section in _CREATES else "collections")
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.state() != self.State.EditingState:
            self._enter(index)
        else:
            super().keyPressEvent(event)

    def _enter(self, index: QModelIndex) -> None:
        if index.data(HEAD_ROLE):
            self.setExpanded(index, not self.isExpanded(index))
        else:
            self.entered.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """On a heading: its plus, or fold."""
        index = self.indexAt(event.position().toPoint())
        section = index.data(HEAD_ROLE) if index.isValid() else None
        if section and event.button() == Qt.MouseButton.LeftButton:
            if section in _CREATES and event.position().x() > self.viewport().width() - _PLUS_PX:
                self.new_requested.emit(section)
            else:
                self.setExpanded(index, not self.isExpanded(index))
            return
        super().mousePressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files are the window's business, not the tree's."""
        if event.mimeData().hasUrls():
            event.ignore()
            return
        super().dragEnterEvent(event)
        if event.mimeData().hasFormat(GAMES_MIME):
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
