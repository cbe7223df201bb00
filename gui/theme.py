"""The colours, fonts and icons of every screen: tokens of the look, dark and light, changed while the program runs.

Widgets read `theme.tokens` when they paint and repaint on `theme.changed`. Only `apply` touches the QApplication.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal

from PySide6.QtCore import QByteArray, QObject, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QApplication

from gui.stylesheet import stylesheet

Mode = Literal["system", "dark", "light"]
Style = Literal["axis", "caption", "small", "body", "title", "figure", "name"]


@dataclass(frozen=True)
class Tokens:
    """Colours as #RRGGBB. `edge` outlines controls, `line` divides, `field` fills inputs and tables."""

    rail: str
    window: str
    panel: str
    raised: str
    plot: str
    grid: str
    line: str
    edge: str
    text1: str
    text2: str
    text3: str
    accent: str
    on_accent: str
    accent_wash: str
    selected: str
    ok: str
    warning: str
    error: str
    ok_tint: str
    warning_tint: str
    error_tint: str
    wave: str
    wave_dim: str
    wave_span: str
    field: str
    caution: str  # the middle of the level meter


DARK = Tokens(
    rail="#0E1013", window="#15171B", panel="#1B1E23", raised="#24282F", plot="#101216", grid="#1D2127", line="#2B3038",
    edge="#68717E", text1="#E7E9EC", text2="#AEB5BF", text3="#909AA7", accent="#4CC4DB", on_accent="#06181C",
    accent_wash="#1A343C", selected="#1C3139", ok="#6CC788", warning="#F0A04B", error="#FF7B72", ok_tint="#1D2B25",
    warning_tint="#2E2720", error_tint="#312224", wave="#7F8896", wave_dim="#535A65", wave_span="#B9C0CA",
    field="#101216", caution="#E5C454")
LIGHT = Tokens(
    rail="#E4E7EB", window="#F4F5F7", panel="#FFFFFF", raised="#ECEEF1", plot="#FBFBFC", grid="#EBEDF0", line="#D9DDE2",
    edge="#7F8894", text1="#16191D", text2="#474E58", text3="#5F6772", accent="#0B7285", on_accent="#FFFFFF",
    accent_wash="#D8EBEF", selected="#DFF0F3", ok="#19743A", warning="#945000", error="#BE262B", ok_tint="#E5F2E9",
    warning_tint="#FAEFDF", error_tint="#FBE9E8", wave="#8A929D", wave_dim="#B4BAC3", wave_span="#545C68",
    field="#FFFFFF", caution="#B58A00")

CATEGORIES_DARK = ("#F6BB4E", "#769EFC", "#DE7F96", "#AACAA1", "#866AF7", "#F0701E", "#F2F58F", "#1FA34A", "#C3DAFE",
                   "#887363", "#327EA5", "#FEDCC5")
CATEGORIES_LIGHT = ("#C46825", "#4462EF", "#CF2C60", "#576B4B", "#512D93", "#A44C02", "#574935", "#1A9396", "#A56BD0",
                    "#4B1F0C", "#2B204E", "#A62EB9")
SIMILARITY_DARK = ("#12161B", "#123A46", "#1A6677", "#37A0B5", "#8FE0EE", "#EAFBFE")
SIMILARITY_LIGHT = ("#FFFFFF", "#CFE7EC", "#8CC6D2", "#3F98A9", "#0B6475", "#052F39")

# px
SIZES: dict[str, int] = {"axis": 10, "caption": 11, "small": 12, "body": 13, "title": 15, "figure": 18, "name": 22}
LINES: dict[str, int] = {"axis": 13, "caption": 14, "small": 17, "body": 18, "title": 20, "figure": 24, "name": 26}

RAIL_PX, RAIL_NARROW_PX, TOOLBAR_PX, STATUS_PX = 76, 56, 52, 28
CONTROL_PX, CONTROL_SMALL_PX = 30, 24
ROW_TREE_PX, ROW_TABLE_PX, ROW_VOICE_PX = 28, 36, 52
OWN_ICONS = ("scatter",)  # in resources/icons
NARROW_PX = 1200  # below this window width the rail loses its words


class Theme(QObject):
    """One per program. `changed` fires after the tokens did."""

    changed = Signal()

    def __init__(self, mode: Mode = "system", reduced_motion: bool = False, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.mode: Mode = mode
        self.reduced_motion = reduced_motion
        self._application: QApplication | None = None
        self._family = _family()
        self._icons: dict[tuple[str, str, int], QIcon] = {}
        self.dark = self._wants_dark()
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._system_changed)

    @property
    def tokens(self) -> Tokens:
        return DARK if self.dark else LIGHT

    def apply(self, application: QApplication) -> None:
        """Dress the whole application, now and after every change."""
        self._application = application
        application.setStyle("Fusion")
        application.setFont(self.font("body"))
        self._dress()

    def set_mode(self, mode: Mode) -> None:
        self.mode = mode
        self._update()

    def duration_ms(self, milliseconds: int) -> int:
        """How long a movement may take: 0 with reduced motion."""
        return 0 if self.reduced_motion else milliseconds

    def category(self, index: int) -> str:
        colours = CATEGORIES_DARK if self.dark else CATEGORIES_LIGHT
        return colours[index % len(colours)]

    def category_text(self, index: int) -> str:
        """What to write on a swatch of that category: #101216 or white, whichever contrasts more."""
        ground = self.category(index)
        return max("#101216", "#FFFFFF", key=lambda ink: contrast(ink, ground))

    def similarity_ramp(self) -> tuple[str, ...]:
        return SIMILARITY_DARK if self.dark else SIMILARITY_LIGHT

    def colour(self, role: str) -> QColor:
        """A token by name, or a #RRGGBB as it is."""
        return QColor(role if role.startswith("#") else getattr(self.tokens, role))

    def font(self, style: Style = "body", weight: int = 400) -> QFont:
        """The interface's font in one of the seven sizes, with tabular figures."""
        font = QFont(self._family)
        font.setPixelSize(SIZES[style])
        font.setWeight(QFont.Weight(weight))
        font.setFeature(QFont.Tag("tnum"), 1)
        font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
        return font

    def mono(self, style: Style = "small") -> QFont:
        """The system's monospace, for hashes and raw text."""
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPixelSize(SIZES[style])
        return font

    def icon(self, name: str, role: str = "text2", size: int = 16) -> QIcon:
        """A Phosphor icon: "microphone" or, filled, "microphone-fill", in a token's colour."""
        colour = self.colour(role).name()
        key = (name, colour, size)
        if key not in self._icons:
            icon = _own_icon(name, colour) if name.removesuffix("-fill") in OWN_ICONS else _phosphor(name, colour)
            crisp = QIcon()
            for ratio in (1, 2, 3):
                pixmap: QPixmap = icon.pixmap(QSize(size * ratio, size * ratio))
                pixmap.setDevicePixelRatio(ratio)
                crisp.addPixmap(pixmap)
            self._icons[key] = crisp
        return self._icons[key]

    def pixmap(self, name: str, role: str = "text2", size: int = 16) -> QPixmap:
        return self.icon(name, role, size).pixmap(QSize(size, size))

    def _wants_dark(self) -> bool:
        if self.mode != "system":
            return self.mode == "dark"
        return QGuiApplication.styleHints().colorScheme() != Qt.ColorScheme.Light

    def _system_changed(self, *_: Any) -> None:
        if self.mode == "system":
            self._update()

    def _update(self) -> None:
        dark = self._wants_dark()
        if dark != self.dark:
            self.dark = dark
            self._icons.clear()
            self._dress()
            self.changed.emit()

    def _dress(self) -> None:
        if self._application is None:
            return
        self._application.setPalette(_palette(self.tokens))
        self._application.setStyleSheet(stylesheet(self.tokens))


def mix(a: str, b: str, share: float) -> str:
    """The colour `share` of the way from a to b (0–1), as #RRGGBB."""
    p, q = QColor(a), QColor(b)
    pairs = ((p.red(), q.red()), (p.green(), q.green()), (p.blue(), q.blue()))
    return QColor(*(round(x + (y - x) * share) for x, y in pairs)).name()


def contrast(a: str, b: str) -> float:
    """Contrast of two colours, 1–21 (WCAG 2.1, relative luminance)."""
    def luminance(colour: str) -> float:
        q = QColor(colour)
        parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (q.redF(), q.greenF(), q.blueF())]
        return float(0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2])

    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def _phosphor(name: str, colour: str) -> QIcon:
    import qtawesome  # the fonts are read at the first icon, not at import of this module

    icon: QIcon = qtawesome.icon(f"ph.{name}", color=colour, color_disabled=colour)
    return icon


def _own_icon(name: str, colour: str) -> QIcon:
    """A drawing of ours, for what Phosphor 1.3 has no sign for."""
    from PySide6.QtSvg import QSvgRenderer

    source = resources.files("resources").joinpath("icons", f"{name}.svg").read_text("utf-8")
    pixmap = QPixmap(96, 96)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(source.replace("#000000", colour).encode())).render(painter)
    painter.end()
    return QIcon(pixmap)


def _family() -> str:
    return "Inter" if "Inter" in QFontDatabase.families() else QFontDatabase.systemFont(
        QFontDatabase.SystemFont.GeneralFont).family()


def _palette(t: Tokens) -> QPalette:
    palette = QPalette()
    roles = QPalette.ColorRole
    for role, colour in (
            (roles.Window, t.window), (roles.WindowText, t.text1), (roles.Base, t.field), (roles.Text, t.text1),
            (roles.AlternateBase, t.panel), (roles.Button, t.raised), (roles.ButtonText, t.text1),
            (roles.Highlight, t.accent), (roles.HighlightedText, t.on_accent), (roles.ToolTipBase, t.raised),
            (roles.ToolTipText, t.text1), (roles.PlaceholderText, t.text3), (roles.Link, t.accent),
            (roles.Accent, t.accent), (roles.Light, t.line), (roles.Dark, t.line), (roles.Mid, t.line),
            (roles.Shadow, t.line)):
        palette.setColor(role, QColor(colour))
    for role in (roles.WindowText, roles.Text, roles.ButtonText, roles.PlaceholderText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(t.text3))
    return palette
