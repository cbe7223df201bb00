"""The Settings page: sections at the left, the chosen one at the right."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QStackedWidget,
    QStyle,
    QStyledItemDelegate,
    QVBoxLayout,
    QWidget,
)

from gui.context import Context
from gui.pages.base import Page
from gui.pages.settings.about import AboutSection
from gui.pages.settings.appearance import AppearanceSection
from gui.pages.settings.audio import AudioSection
from gui.pages.settings.general import GeneralSection
from gui.pages.settings.models import ModelsSection
from gui.pages.settings.privacy import PrivacySection
from gui.pages.settings.section import Section
from gui.pages.settings.shortcuts import ShortcutsSection
from gui.theme import Theme
from gui.widgets.controls import paint_row_ground, rule

KEY, ICON = int(Qt.ItemDataRole.UserRole), int(Qt.ItemDataRole.UserRole) + 1


class SettingsPage(Page):
    id = "settings"
    icon = "gear-six"

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(0)
        self.list = QListWidget()
        self.list.setProperty("ground", "window")
        self.list.setItemDelegate(_Row(self.theme, self.list))
        self.list.setAccessibleName(self.tr("Sections of Settings"))
        self.list.setMouseTracking(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        left = QWidget()
        left.setFixedWidth(187)
        inset = QVBoxLayout(left)
        inset.setContentsMargins(8, 12, 8, 12)
        inset.addWidget(self.list)
        self.stack = QStackedWidget()
        self.sections: dict[str, Section] = {}
        self._bars = QStackedWidget()
        self._bars.setFixedHeight(32)
        for key, word, icon, section in (
                ("general", self.tr("General"), "sliders-horizontal", GeneralSection(context)),
                ("audio", self.tr("Audio"), "speaker-high", AudioSection(context)),
                ("models", self.tr("Models"), "cpu", ModelsSection(context)),
                ("appearance", self.tr("Appearance"), "circle-half", AppearanceSection(context)),
                ("privacy", self.tr("Privacy"), "lock-simple", PrivacySection(context)),
                ("shortcuts", self.tr("Shortcuts"), "keyboard", ShortcutsSection(context)),
                ("about", self.tr("About"), "info", AboutSection(context))):
            item = QListWidgetItem(word)
            item.setData(KEY, key)
            item.setData(ICON, icon)
            self.list.addItem(item)
            self.sections[key] = section
            section.said.connect(self.said)
            self.stack.addWidget(section)
            self._bars.addWidget(_right(section.toolbar()))
        models, privacy = self.sections["models"], self.sections["privacy"]
        assert isinstance(models, ModelsSection) and isinstance(privacy, PrivacySection)
        models.changed.connect(self.models_changed)
        privacy.forgotten.connect(self.forgotten)
        line.addWidget(left)
        line.addWidget(rule(vertical=True))
        line.addWidget(self.stack, 1)
        for key in self.sections:
            self.bind(f"settings.{key}", partial(self.open, key))
        for entry, section_of, act in (("add", "models", models.show_form), ("check", "models", models.check),
                                       ("export", "privacy", privacy.carrying.choose_target),
                                       ("import", "privacy", privacy.carrying.choose_source),
                                       ("forget", "privacy", privacy.ask)):
            self.bind(f"settings.{entry}", partial(self._act, section_of, act))
        self.list.currentRowChanged.connect(self._chosen)
        self.list.setCurrentRow(0)

    @property
    def title(self) -> str:
        return self.tr("Settings")

    def toolbar_right(self) -> QWidget:
        return self._bars

    def open(self, what: object) -> None:
        """The key of a section, such as "models"."""
        if isinstance(what, str) and what in self.sections:
            self.list.setCurrentRow(list(self.sections).index(what))

    def _act(self, section: str, act: Callable[[], object]) -> None:
        self.open(section)
        act()

    def refresh(self) -> None:
        self.section.refresh()

    def models_ready(self) -> None:
        self.section.refresh()

    @property
    def section(self) -> Section:
        """The section in view."""
        return list(self.sections.values())[max(0, self.list.currentRow())]

    def _chosen(self, row: int) -> None:
        self.stack.setCurrentIndex(row)
        self._bars.setCurrentIndex(row)
        self.set_scope(self.list.item(row).text())
        if self.isVisible():
            self.section.refresh()


def _right(widget: QWidget | None) -> QWidget:
    ground = QWidget()
    line = QHBoxLayout(ground)
    line.setContentsMargins(0, 0, 0, 0)
    line.addStretch(1)
    if widget is not None:
        line.addWidget(widget)
    return ground


class _Row(QStyledItemDelegate):
    """Icon and word; the chosen one raised."""

    def __init__(self, theme: Theme, parent: QListWidget) -> None:
        super().__init__(parent)
        self.theme, self.list = theme, parent
        theme.changed.connect(parent.viewport().update)

    def sizeHint(self, option: object, index: object) -> QSize:
        return QSize(100, 34)

    def paint(self, painter: QPainter, option: object, index: object) -> None:
        box = QRectF(option.rect)  # type: ignore[attr-defined]
        state = option.state  # type: ignore[attr-defined]
        on = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_row_ground(painter, box, self.theme, on and self.list.hasFocus(),
                         on or bool(state & QStyle.StateFlag.State_MouseOver))
        painter.drawPixmap(int(box.x()) + 10, int(box.center().y()) - 8,
                           self.theme.pixmap(str(index.data(ICON)), "text2", 16))  # type: ignore[attr-defined]
        painter.setFont(self.theme.font("body", 500 if on else 400))
        painter.setPen(self.theme.colour("text1"))
        painter.drawText(box.adjusted(34, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft,
                         str(index.data()))  # type: ignore[attr-defined]
        painter.restore()
