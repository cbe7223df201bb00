"""What the panels of Live stand on: two columns side by side, also in a small window."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

GAP = 12
LOW_PX = 500  # of the page: below, panels that can be low are low
SIDE_PX = (280, 420)


class Column(QScrollArea):
    """Panels one below the other. Where they do not fit into the height, they are scrolled; they are never narrower than they
    can be.

    panels: put them in here, as into any QVBoxLayout.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inner = _Least()
        self.panels = QVBoxLayout(inner)
        self.panels.setContentsMargins(0, 0, 0, 0)
        self.panels.setSpacing(GAP)
        self.setWidget(inner)

    def minimumSizeHint(self) -> QSize:
        return QSize(self.panels.minimumSize().width(), 120)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """What stands in the column became wider or narrower: so can the column."""
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)


class _Least(QWidget):
    """As high as it must be, not as high as it would like to be: its panels share the room there is before anything scrolls."""

    def heightForWidth(self, width: int) -> int:
        layout = self.layout()
        return layout.minimumHeightForWidth(width) if layout is not None else -1


def side_by_side(ground: QWidget, main: Column, high: QWidget, low: QWidget, *more: QWidget) -> QWidget:
    """The main column and the narrow one at its right, which is returned, on this ground.

    In the narrow one: more, from the top; high, which takes the room there is; low, at the bottom.
    """
    side = QWidget()
    column = QVBoxLayout(side)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(GAP)
    for widget in (*more, high, low):
        column.addWidget(widget, int(widget is high))
    row = QHBoxLayout(ground)
    row.setContentsMargins(GAP, GAP, GAP, GAP)
    row.setSpacing(GAP)
    side.setMinimumWidth(SIDE_PX[0])
    side.setMaximumWidth(SIDE_PX[1])
    row.addWidget(main, 71)
    row.addWidget(side, 29)
    return side


def spoken_px(page_px: int) -> int:
    """The height of the panel of seconds spoken, from that of its page."""
    return 196 if page_px > 700 else 168
