"""The style sheet of the application, written from the tokens. No font is set here: fonts come from `Theme.font`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gui.theme import Tokens


def stylesheet(t: Tokens) -> str:
    """Qt style sheet for one set of tokens. Dynamic properties: role (text colour), kind (button), surface (ground)."""
    roles = "\n".join(
        f'QLabel[role="{role}"] {{ color: {getattr(t, role)}; }}'
        for role in ("text1", "text2", "text3", "accent", "ok", "warning", "error", "on_accent"))
    surfaces = "\n".join(
        f'QWidget[surface="{name}"] {{ background: {getattr(t, name)}; }}'
        for name in ("rail", "window", "panel", "raised", "plot", "field"))
    return f"""
{roles}
{surfaces}
QLabel {{ background: transparent; }}
QMainWindow, QDialog, QMessageBox {{ background: {t.window}; }}
QMessageBox QLabel#qt_msgbox_informativelabel {{ min-width: 340px; }}
QDialog[frame="popup"] {{ background: {t.raised}; border: 1px solid {t.edge}; }}
QListView[ground="raised"] {{ background: {t.raised}; }}
QToolTip {{ background: {t.raised}; color: {t.text1}; border: 1px solid {t.line}; padding: 4px 6px; }}

QFrame[frame="panel"] {{ background: {t.panel}; border: 1px solid {t.line}; border-radius: 8px; }}
QFrame[frame="card"] {{ background: transparent; border: 1px solid {t.line}; border-radius: 6px; }}
QFrame[frame="plot"] {{ background: {t.plot}; border: 1px solid {t.line}; border-radius: 6px; }}
QFrame[frame="error"] {{ background: {t.error_tint}; border: 1px solid {t.error}; border-radius: 6px; }}
QFrame[frame="warning"] {{ background: {t.warning_tint}; border: 1px solid {t.warning}; border-radius: 6px; }}
QFrame[frame="toast"] {{ background: {t.raised}; border: 1px solid {t.edge}; border-radius: 6px; }}
QFrame[rule="h"] {{ background: {t.line}; border: none; min-height: 1px; max-height: 1px; }}
QFrame[rule="v"] {{ background: {t.line}; border: none; min-width: 1px; max-width: 1px; }}
QLabel[cap="key"] {{ color: {t.text3}; background: {t.window}; border: 1px solid {t.line}; border-radius: 4px; }}

QPushButton {{ color: {t.text1}; background: {t.raised}; border: 1px solid {t.line}; border-radius: 6px;
  padding: 0 12px; min-height: 28px; max-height: 28px; }}
QPushButton:hover {{ border-color: {t.edge}; }}
QPushButton:pressed {{ background: {t.line}; }}
QPushButton:focus {{ border: 2px solid {t.accent}; padding: 0 11px; min-height: 26px; max-height: 26px; }}
QPushButton[small="true"] {{ padding: 0 9px; min-height: 22px; max-height: 22px; }}
QPushButton[small="true"]:focus {{ padding: 0 8px; min-height: 20px; max-height: 20px; }}
QPushButton[large="true"] {{ padding: 0 16px; min-height: 34px; max-height: 34px; }}
QPushButton[large="true"]:focus {{ padding: 0 15px; min-height: 32px; max-height: 32px; }}
QPushButton[square="true"] {{ padding: 0; }}
QPushButton[kind="primary"] {{ color: {t.on_accent}; background: {t.accent}; border-color: {t.accent}; }}
QPushButton[kind="primary"]:hover {{ border-color: {t.text1}; }}
QPushButton[kind="primary"]:focus {{ border: 2px solid {t.text1}; }}
QPushButton[kind="ghost"] {{ background: transparent; border-color: transparent; }}
QPushButton[kind="ghost"]:hover {{ background: {t.raised}; }}
QPushButton[kind="ghost"]:focus {{ border-color: {t.accent}; }}
QPushButton[kind="danger"] {{ color: {t.error}; background: {t.error_tint}; border-color: {t.error}; }}
QPushButton[kind="danger"]:focus {{ border: 2px solid {t.error}; }}
QPushButton[kind="dashed"] {{ color: {t.text2}; background: transparent; border-color: transparent; }}
QPushButton:checked {{ color: {t.accent}; background: {t.accent_wash}; border-color: {t.accent}; }}
QPushButton:disabled {{ color: {t.text3}; background: transparent; border-color: transparent; }}
QPushButton[kind="ghost"]:disabled {{ border-color: transparent; }}

QLineEdit, QTextEdit, QPlainTextEdit {{ color: {t.text1}; background: {t.field};
  border: 1px solid {t.edge}; border-radius: 6px; padding: 0 8px; min-height: 28px;
  selection-background-color: {t.accent}; selection-color: {t.on_accent}; }}
QLineEdit:focus, QTextEdit:focus, QPlainTextEdit:focus {{
  border: 2px solid {t.accent}; padding: 0 7px; min-height: 26px; }}
QLineEdit, QTextEdit, QPlainTextEdit {{ placeholder-text-color: {t.text3}; }}
QLineEdit:disabled {{ color: {t.text3}; border-color: {t.line}; }}
QLineEdit[bare="true"], QLineEdit[bare="true"]:focus {{ background: transparent; border: none; padding: 0; }}

QPlainTextEdit[lines="3"], QPlainTextEdit[lines="3"]:focus {{ min-height: 60px; }}
QLineEdit[inline="true"], QLineEdit[inline="true"]:focus {{ border: 2px solid {t.accent}; border-radius: 4px; padding: 0 4px;
  min-height: 20px; }}

QMenu {{ color: {t.text1}; background: {t.raised}; border: 1px solid {t.edge}; border-radius: 6px; padding: 4px; }}
QMenu::item {{ padding: 5px 24px 5px 12px; border-radius: 4px; }}
QMenu::item:selected {{ background: {t.selected}; color: {t.text1}; }}
QMenu::item:disabled {{ color: {t.text3}; }}
QMenu::separator {{ height: 1px; background: {t.line}; margin: 4px 8px; }}

QComboBox QAbstractItemView {{ color: {t.text1}; background: {t.raised}; border: 1px solid {t.edge};
  selection-background-color: {t.selected}; selection-color: {t.text1}; outline: none; padding: 2px; }}
QComboBox QAbstractItemView::item {{ min-height: 26px; padding: 0 8px; }}

QSlider::groove:horizontal {{ height: 4px; background: {t.raised}; border-radius: 2px; }}
QSlider::sub-page:horizontal {{ height: 4px; background: {t.accent}; border-radius: 2px; }}
QSlider::handle:horizontal {{ width: 10px; height: 10px; margin: -5px 0; border-radius: 7px;
  background: {t.text1}; border: 2px solid {t.edge}; }}
QSlider::handle:horizontal:focus {{ border: 2px solid {t.accent}; }}
QSlider::sub-page:horizontal:disabled {{ background: {t.line}; }}

QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 0; }}
QScrollBar::handle {{ background: {t.line}; border-radius: 3px; margin: 2px; min-height: 32px; min-width: 32px; }}
QScrollBar::handle:hover {{ background: {t.edge}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QScrollArea {{ background: transparent; border: none; }}

QTableView, QTreeView, QListView {{ color: {t.text1}; background: {t.field}; border: none; outline: none;
  gridline-color: {t.grid}; selection-background-color: {t.selected}; selection-color: {t.text1}; }}
QTreeView[ground="window"], QListView[ground="window"] {{ background: {t.window}; }}
QTreeView[ground="panel"], QListView[ground="panel"], QTableView[ground="panel"] {{ background: {t.panel}; }}
QHeaderView {{ background: {t.window}; border: none; }}
QHeaderView::section {{ color: {t.text3}; background: {t.window}; border: none; border-top: 1px solid {t.line};
  border-bottom: 1px solid {t.line}; padding: 0 6px; font-size: 11px; font-weight: 500; }}
QTableCornerButton::section {{ background: {t.window}; border: none; }}

QSplitter::handle {{ background: {t.line}; }}
QSplitter::handle:horizontal {{ width: 1px; }}
QSplitter::handle:vertical {{ height: 1px; }}
QSplitter::handle:hover {{ background: {t.accent}; }}
"""
