"""Words on the screen: labels in a style and a role, key caps, rules, elided lines."""

from __future__ import annotations

import html

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtGui import Qt as Rich
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QWidget

from gui.theme import Style, Theme


class Text(QLabel):
    """A label in one of the theme's sizes and text colours. Plain text; wraps when told to."""

    def __init__(self, theme: Theme, text: str = "", style: Style = "body", role: str = "text1", weight: int = 400,
                 wrap: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.theme = theme
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setFont(theme.font(style, weight))
        self.setWordWrap(wrap)
        self.setProperty("role", role)

    def heightForWidth(self, width: int) -> int:
        """Room for all lines, also where a maximum width makes more of them."""
        return super().heightForWidth(min(width, self.maximumWidth()))

    def set_role(self, role: str) -> None:
        if self.property("role") != role:
            self.setProperty("role", role)
            self.style().unpolish(self)
            self.style().polish(self)


def plain_tip(text: str) -> str:
    """Text for a tooltip, which Qt takes for HTML where it looks like it: names and paths are shown as they are written."""
    return f"<span>{html.escape(text).replace(chr(10), '<br>')}</span>" if Rich.mightBeRichText(text) else text


class ElidedText(QWidget):
    """One line that is cut with … where it does not fit; the whole text is its tooltip then."""

    def __init__(self, theme: Theme, text: str = "", style: Style = "body", role: str = "text1", weight: int = 400,
                 mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme, self.role, self._mode, self._text = theme, role, mode, ""
        self.setFont(theme.font(style, weight))
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)
        self.set_text(text)

    def text(self) -> str:
        return self._text

    def set_text(self, text: str) -> None:
        self._text = text
        self.setAccessibleName(text)
        self.updateGeometry()
        self.update()

    def set_role(self, role: str) -> None:
        self.role = role
        self.update()

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self._text) + 2, metrics.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(24, self.fontMetrics().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self.theme.colour(self.role))
        shown = self.fontMetrics().elidedText(self._text, self._mode, self.width())
        self.setToolTip(plain_tip(self._text) if shown != self._text else "")
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)


class KeyCap(QLabel):
    """A key as it is written beside an action: a small outlined cap."""

    def __init__(self, theme: Theme, text: str, parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setFont(theme.font("caption"))
        self.setProperty("cap", "key")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setAccessibleName(self.tr("Key {}").format(text))

    def sizeHint(self) -> QSize:
        return QSize(max(20, self.fontMetrics().horizontalAdvance(self.text()) + 12), 18)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()


class Icon(QLabel):
    """A Phosphor icon in a token's colour, recoloured with the theme."""

    def __init__(self, theme: Theme, name: str, role: str = "text2", size: int = 16,
                 parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme, self.name, self.role, self.px = theme, name, role, size
        self.setFixedSize(size, size)
        theme.changed.connect(self._draw)
        self._draw()

    def set(self, name: str, role: str | None = None) -> None:
        self.name, self.role = name, role or self.role
        self._draw()

    def _draw(self) -> None:
        self.setPixmap(self.theme.pixmap(self.name, self.role, self.px))


def rule(vertical: bool = False) -> QFrame:
    """A line of one pixel."""
    frame = QFrame()
    frame.setProperty("rule", "v" if vertical else "h")
    return frame
