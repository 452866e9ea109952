"""The style sheet's template (data): every `$name` is a token, a size or a path filled in by `theme.style_sheet`.

Dynamic properties that widgets and windows may set before they are shown:
`role` on buttons: "primary", "quiet", "danger", "chip"; `strength` on labels: "2", "3", "title", "error", "warning";
`panel` on frames: "card", "bar", "sheet".
"""

STYLE = """
QWidget { color: $text; }
QMainWindow, QDialog, QDockWidget { background: $window; }
QToolTip { color: $text; background: $raised; border: 1px solid $border_strong; border-radius: 4px;
  padding: 4px 8px; }

QLabel { background: transparent; }
QLabel[strength="2"] { color: $text_2; }
QLabel[strength="3"] { color: $text_3; }
QLabel[strength="title"] { color: $text; font-weight: 600; }
QLabel[strength="error"] { color: $danger; }
QLabel[strength="warning"] { color: $warning; }
QLabel:disabled { color: $disabled; }

QFrame[panel="card"] { background: $surface; border: 1px solid $border; border-radius: ${radius}px; }
QFrame[panel="bar"] { background: $surface; border: none; border-top: 1px solid $border; }
QFrame[panel="sheet"] { background: $raised; border: 1px solid $border_strong; border-radius: ${radius}px; }

QPushButton { background: $raised; color: $text; border: 1px solid $border_strong; border-radius: ${radius}px;
  padding: 5px 12px; min-height: 18px; }
QPushButton:hover { background: $hover; }
QPushButton:pressed { background: $sunken; }
QPushButton:focus { border-color: $accent; }
QPushButton:disabled { color: $disabled; background: $window; border-color: $border; }
QPushButton[role="primary"] { background: $accent; color: $on_accent; border: 1px solid $accent; font-weight: 600; }
QPushButton[role="primary"]:hover { background: $accent_hover; border-color: $accent_hover; }
QPushButton[role="primary"]:focus { border-color: $text; }
QPushButton[role="primary"]:disabled { background: $sunken; color: $disabled; border-color: $border; }
QPushButton[role="quiet"] { background: transparent; border-color: transparent; color: $accent; }
QPushButton[role="quiet"]:hover { background: $hover; }
QPushButton[role="quiet"]:focus { border-color: $accent; }
QPushButton[role="quiet"]:disabled { color: $disabled; }
QPushButton[role="danger"] { color: $danger; border-color: $danger; background: transparent; }
QPushButton[role="danger"]:hover { background: $hover; }

QPushButton[role="segment"] { padding: 3px 12px; border-radius: 0; margin: 0; color: $text_2; }
QPushButton[role="segment"][end="first"] { border-top-left-radius: ${radius}px; border-bottom-left-radius: ${radius}px;
  border-right: none; }
QPushButton[role="segment"][end="last"] { border-top-right-radius: ${radius}px;
  border-bottom-right-radius: ${radius}px; }
QPushButton[role="segment"]:checked { background: $accent; color: $on_accent; border-color: $accent; }
QPushButton[role="segment"]:focus { border: 1px solid $text; }
QPushButton[role="segment"]:disabled { color: $disabled; background: $window; border-color: $border; }
QPushButton[role="segment"]:checked:disabled { background: $sunken; color: $text_2; }

QPushButton[role="chip"] { padding: 2px 10px; border-color: $border; border-radius: 12px; color: $text_2; }
QPushButton[role="chip"]:hover { background: $accent_soft; color: $text; }
QPushButton[role="chip"]:focus { border-color: $accent; }

QToolButton { background: transparent; color: $text; border: 1px solid transparent; border-radius: ${radius}px;
  padding: 4px; }
QToolButton:hover { background: $hover; }
QToolButton:pressed { background: $sunken; }
QToolButton:checked { background: $accent_soft; }
QToolButton:focus { border-color: $accent; }
QToolButton:disabled { color: $disabled; }
QToolButton::menu-indicator { image: none; }

QLineEdit, QPlainTextEdit, QTextEdit, QSpinBox, QComboBox, QDoubleSpinBox, QKeySequenceEdit {
  background: $surface; color: $text; border: 1px solid $border_strong; border-radius: ${radius}px; padding: 4px 8px;
  min-height: 18px; selection-background-color: $accent; selection-color: $on_accent; }
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QSpinBox:focus, QComboBox:focus { border-color: $accent; }
QLineEdit:disabled, QSpinBox:disabled, QComboBox:disabled { color: $disabled; background: $window;
  border-color: $border; }
QLineEdit[invalid="true"] { border-color: $danger; }
QComboBox { padding-right: 22px; }
QComboBox::drop-down { border: none; width: 20px; }
QComboBox::down-arrow { image: url("$chevron"); width: 12px; height: 12px; }
QComboBox QAbstractItemView { background: $raised; border: 1px solid $border_strong; outline: none; padding: 4px; }
QSpinBox, QDoubleSpinBox { padding: 4px 18px 4px 6px; }
QSpinBox::up-button, QSpinBox::down-button { border: none; background: transparent; width: 18px; }
QSpinBox::up-arrow { image: url("$chevron_up"); width: 10px; height: 10px; }
QSpinBox::down-arrow { image: url("$chevron"); width: 10px; height: 10px; }

QAbstractItemView { background: $surface; color: $text; border: none; outline: none;
  selection-background-color: $accent_soft; selection-color: $text; alternate-background-color: $window; }
QListView[role="completion"] { background: $raised; border: 1px solid $border_strong; padding: 4px; }
QListView[role="completion"]::item { padding: 5px 8px; border-radius: 4px; }
QTreeView { show-decoration-selected: 0; }
QTreeView::branch, QTreeView::branch:selected { background: transparent; }
QTableView { gridline-color: transparent; }
QTableView::item, QListView::item, QTreeView::item { border: none; padding: 0 6px; }
QTableView::item:hover, QListView::item:hover, QTreeView::item:hover { background: $hover; }
QTableView::item:selected, QListView::item:selected, QTreeView::item:selected { background: $accent_soft;
  color: $text; }
QHeaderView { background: $surface; border: none; }
QHeaderView::section { background: $surface; color: $text_2; border: none; border-bottom: 1px solid $border;
  padding: 6px; font-weight: 600; }
QHeaderView::section:hover { color: $text; background: $hover; }
QHeaderView::up-arrow { image: url("$chevron_up"); width: 10px; height: 10px; subcontrol-position: center right;
  right: 4px; }
QHeaderView::down-arrow { image: url("$chevron"); width: 10px; height: 10px; subcontrol-position: center right;
  right: 4px; }
QTableCornerButton::section { background: $surface; border: none; }

QScrollBar:vertical { background: transparent; width: 12px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 12px; margin: 0; }
QScrollBar::handle { background: $border_strong; border-radius: 3px; margin: 3px; }
QScrollBar::handle:vertical { min-height: 32px; }
QScrollBar::handle:horizontal { min-width: 32px; }
QScrollBar::handle:hover { background: $text_3; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; background: none; border: none; }
QScrollBar::add-page, QScrollBar::sub-page { background: none; }
QAbstractScrollArea::corner { background: transparent; }

QSplitter::handle { background: transparent; }
QSplitter::handle:hover { background: $accent_soft; }
QSplitter::handle:horizontal { width: ${grid}px; }
QSplitter::handle:vertical { height: ${grid}px; }

QTabWidget::pane { border: none; }
QTabBar { background: transparent; qproperty-drawBase: 0; }
QTabBar::tab { background: transparent; color: $text_2; padding: 8px 12px; border: none;
  border-bottom: 2px solid transparent; }
QTabBar[close="true"]::tab { padding: 8px 5px; }
QTabBar::tab:hover { color: $text; }
QTabBar::tab:selected { color: $text; border-bottom-color: $accent; font-weight: 600; }
QTabBar::tab:focus { color: $accent; }

QMenuBar { background: $window; color: $text; }
QMenuBar::item { background: transparent; padding: 5px 10px; border-radius: 4px; }
QMenuBar::item:selected { background: $hover; }
QMenu { background: $raised; color: $text; border: 1px solid $border_strong; border-radius: ${radius}px;
  padding: 4px; }
QMenu::item { padding: 6px 28px 6px 12px; border-radius: 4px; }
QMenu::item:selected { background: $accent_soft; color: $text; }
QMenu::item:disabled { color: $disabled; }
QMenu::separator { height: 1px; background: $border; margin: 4px 8px; }
QMenu::icon { padding-left: 8px; }

QToolBar { background: $window; border: none; spacing: 4px; padding: 4px; }
QToolBar::separator { background: $border; width: 1px; margin: 4px; }
QStatusBar { background: $window; color: $text_2; border-top: 1px solid $border; }
QStatusBar::item { border: none; }
QDockWidget::title { background: $window; padding: 6px; }

QProgressBar { background: $sunken; border: none; border-radius: 3px; max-height: 6px; min-height: 6px;
  text-align: center; }
QProgressBar::chunk { background: $accent; border-radius: 3px; }
QProgressBar[state="paused"]::chunk { background: $text_3; }
QProgressBar[state="warning"]::chunk { background: $warning; }
QProgressBar[state="failed"]::chunk { background: $danger; }

QSlider::groove:horizontal { height: 4px; background: $sunken; border-radius: 2px; }
QSlider::sub-page:horizontal { background: $accent; border-radius: 2px; }
QSlider::handle:horizontal { background: $raised; border: 1px solid $border_strong; width: 14px; height: 14px;
  margin: -6px 0;
  border-radius: 8px; }
QSlider::handle:horizontal:focus { border-color: $accent; }

QGroupBox { border: 1px solid $border; border-radius: ${radius}px; margin-top: 12px; padding-top: 8px; }
QGroupBox::title { subcontrol-origin: margin; left: ${grid}px; color: $text_2; }
QCheckBox, QRadioButton { spacing: ${grid}px; background: transparent; }
QCheckBox::indicator, QRadioButton::indicator { width: 16px; height: 16px; background: $surface;
  border: 1px solid $border_strong; border-radius: 4px; }
QRadioButton::indicator { border-radius: 9px; }
QCheckBox::indicator:hover, QRadioButton::indicator:hover { border-color: $accent; }
QCheckBox::indicator:checked { background: $accent; border-color: $accent; image: url("$tick"); }
QRadioButton::indicator:checked { background: $accent; border: 4px solid $accent_soft; width: 10px; height: 10px; }
QCheckBox:focus, QRadioButton:focus { color: $accent; }
QCheckBox::indicator:disabled { background: $window; border-color: $border; }
QCheckBox:disabled, QRadioButton:disabled { color: $disabled; }
"""
