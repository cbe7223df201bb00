"""The one table of actions: what can be done, in which words, on which page, by which keys.

Pages bind a slot to an id; the table gives the words and the keys. Keys of a page work while that page is shown; keys
without Ctrl never take a key from a control that uses it itself (`keeps_key`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QSlider,
    QTextEdit,
    QWidget,
)


@dataclass(frozen=True)
class Entry:
    """One action. page: the page it belongs to, empty for the whole window. words: English source for tr().

    search: other words it is found by in the command palette, English source for tr() too.
    """

    id: str
    words: str
    keys: tuple[str, ...] = ()
    page: str = ""
    search: str = ""


# Order is the order in Settings → Shortcuts and in the command palette.
TABLE: tuple[Entry, ...] = (
    Entry("page.live", "Go to Live", ("Ctrl+1",)),
    Entry("page.voices", "Go to Voices", ("Ctrl+2",)),
    Entry("page.library", "Go to Library", ("Ctrl+3",)),
    Entry("page.map", "Go to Map", ("Ctrl+4",)),
    Entry("page.settings", "Go to Settings", ("Ctrl+5",), search="preferences options"),
    Entry("commands", "Show all commands", ("Ctrl+K",), search="palette actions"),
    Entry("query", "Search the library", ("Ctrl+F",)),
    Entry("theme", "Change between dark and light", search="theme look colours appearance"),
    Entry("theme.dark", "Use the dark theme", search="look colours appearance night black"),
    Entry("theme.light", "Use the light theme", search="look colours appearance day white"),
    Entry("theme.system", "Use the theme of the system", search="look colours appearance automatic"),
    Entry("quit", "Quit Earmark", ("Ctrl+Q",), search="close exit leave"),
    Entry("live.listen", "Start or stop listening; in a recording, play or pause", ("Space",), "live"),
    Entry("live.record", "Record, or stop recording", ("R",), "live"),
    Entry("live.devices", "Look for microphones again", ("F5",), "live"),
    Entry("live.file", "Identify from a file…", ("Ctrl+O",), "live"),
    Entry("live.open", "See who spoke when in a recording…", ("Ctrl+Shift+O",), "live"),
    Entry("live.recordings", "Change between the microphone and recordings", ("Ctrl+R",), "live"),
    Entry("live.next", "Go to the next turn", ("Right",), "live"),
    Entry("live.previous", "Go to the turn before", ("Left",), "live"),
    Entry("live.fit", "Fit the whole timeline into view", ("F",), "live"),
    Entry("live.name", "Name the stranger", ("N",), "live"),
    Entry("live.undo", "Undo the last naming", ("Ctrl+Z",), "live"),
    Entry("live.new", "Begin a new session", ("Ctrl+N",), "live"),
    Entry("live.people", "Say how many people speak in the recording…", (), "live"),
    Entry("live.export", "Export who spoke when…", ("Ctrl+E",), "live"),
    Entry("voices.new", "Enroll a new voice", ("Ctrl+N",), "voices"),
    Entry("voices.take", "Start or stop a take", ("Space", "R"), "voices"),
    Entry("voices.prompt", "Next prompt to read", ("N",), "voices"),
    Entry("voices.find", "Find a voice", (), "voices"),
    Entry("voices.files", "Enroll from files…", ("Ctrl+O",), "voices"),
    Entry("voices.threshold", "Set the threshold on your own voices", ("T",), "voices"),
    Entry("voices.undo", "Undo the last change", ("Ctrl+Z",), "voices"),
    Entry("voices.redo", "Make the change again", ("Ctrl+Shift+Z",), "voices"),
    Entry("voices.remove", "Remove the voice…", (), "voices", "delete forget erase discard"),
    Entry("library.add", "Add a folder…", ("Ctrl+O",), "library"),
    Entry("library.scan", "Look through the folders again", ("F5",), "library"),
    Entry("library.next", "Play the next sound", ("Down",), "library"),
    Entry("library.previous", "Play the previous sound", ("Up",), "library"),
    Entry("library.stop", "Stop", ("Left",), "library"),
    Entry("library.replay", "Play again from the start", ("Right",), "library"),
    Entry("library.pause", "Pause or go on", ("Space",), "library"),
    Entry("library.span", "Play the matched span only", ("S",), "library"),
    Entry("library.loop", "Loop the matched span", ("O",), "library"),
    Entry("library.similar", "Find similar sounds", ("Ctrl+L",), "library"),
    Entry("library.locate", "Find the query all along the sound", ("P",), "library"),
    Entry("library.inspect", "Say in words what the sound is", ("I",), "library"),
    Entry("library.less", "Leave out what is like the sound", ("Ctrl+Shift+L",), "library"),
    Entry("library.tag", "Tag the library…", ("Ctrl+T",), "library"),
    Entry("library.save", "Save this search", ("Ctrl+S",), "library"),
    Entry("library.recent", "Recent and saved searches", (), "library"),
    Entry("library.clear", "Go back to the query; there, clear it", ("Esc",), "library"),
    Entry("map.hover", "Hear sounds on hover", ("H",), "map"),
    Entry("map.fit", "Fit everything into view", ("F",), "map"),
    Entry("map.clear", "Clear the selection", ("Esc",), "map"),
    Entry("map.run", "Run the projection again", ("Ctrl+Return",), "map"),
    Entry("settings.general", "Go to General", (), "settings", "workspace folder threshold margin similarity cosine"),
    Entry("settings.audio", "Go to Audio", (), "settings", "microphone loudspeaker input output device volume sound"),
    Entry("settings.models", "Go to Models", (), "settings", "encoder weights fetch download processor cpu cuda onnx clap"),
    Entry("settings.appearance", "Go to Appearance", (), "settings", "theme dark light look colours motion animation"),
    Entry("settings.privacy", "Go to Privacy", (), "settings",
          "encryption encrypt passphrase keyring recovery code data kept delete forget export import"),
    Entry("settings.shortcuts", "Go to Shortcuts", (), "settings", "keys keyboard hotkeys"),
    Entry("settings.about", "Go to About", (), "settings", "version licence credits help"),
    Entry("settings.add", "Add a model…", (), "settings", "encoder onnx clap hub"),
    Entry("settings.check", "Check all files of the models", (), "settings", "verify checksum damaged weights"),
    Entry("settings.export", "Export voices…", (), "settings", "privacy save backup share carry"),
    Entry("settings.import", "Import voices…", (), "settings", "privacy load restore carry"),
    Entry("settings.forget", "Forget everything…", (), "settings", "privacy delete remove erase wipe all data"),
)
BY_ID: dict[str, Entry] = {entry.id: entry for entry in TABLE}


def words(entry_id: str) -> str:
    """What the action is called, translated."""
    return QCoreApplication.translate("Actions", BY_ID[entry_id].words)


def search_words(entry_id: str) -> str:
    """What else the action is found by, translated."""
    search = BY_ID[entry_id].search
    return QCoreApplication.translate("Actions", search) if search else ""


def key_text(entry_id: str) -> str:
    """The first key of an action as people write it: "Ctrl K", "↓", "" where it has none."""
    keys = BY_ID[entry_id].keys
    return display_keys(keys[0]) if keys else ""


def display_keys(key: str) -> str:
    """"Ctrl+K" → "Ctrl K", "Down" → "↓"."""
    signs = {"Down": "↓", "Up": "↑", "Left": "←", "Right": "→", "Return": "Enter"}
    return " ".join(signs.get(part, part) for part in key.split("+"))


class Actions(QObject):
    """Holds the QActions that were bound. `wanted(id)` fires when an action is asked for that nobody has bound yet."""

    wanted = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bound: dict[str, QAction] = {}

    def bind(self, entry_id: str, owner: QWidget, slot: Callable[[], object]) -> QAction:
        """Make the QAction of `entry_id` on owner: its keys work while owner is visible. KeyError for a stranger."""
        entry = BY_ID[entry_id]
        action = QAction(words(entry_id), owner)
        action.setObjectName(entry_id)
        action.setShortcuts([QKeySequence(key) for key in entry.keys])
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        action.triggered.connect(lambda *_: slot())
        owner.addAction(action)
        self._bound[entry_id] = action
        action.destroyed.connect(lambda *_, id=entry_id, it=action: self._forget(id, it))
        return action

    def action(self, entry_id: str) -> QAction | None:
        return self._bound.get(entry_id)

    def trigger(self, entry_id: str) -> None:
        """Do it now; asks through `wanted` where nobody has bound it."""
        action = self._bound.get(entry_id)
        if action is None:
            self.wanted.emit(entry_id)
        else:
            action.trigger()

    def _forget(self, entry_id: str, action: QAction) -> None:
        if self._bound.get(entry_id) is action:
            del self._bound[entry_id]


_TYPING = (QLineEdit, QTextEdit, QPlainTextEdit, QAbstractSpinBox)
_ARROWS = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End)


def keeps_key(event: QEvent) -> bool:
    """True where the focused control needs this key itself, so that it must not act as a shortcut.

    Call it from the `event` of a window or page for ShortcutOverride events and accept the event when it says so.
    """
    if event.type() != QEvent.Type.ShortcutOverride or not isinstance(event, QKeyEvent):
        return False
    if event.modifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier):
        return False
    return needs_key(QApplication.focusWidget(), Qt.Key(event.key()), event.text())


def takes(focus: QWidget | None, entry_id: str) -> bool:
    """Whether the control that has the focus keeps the first key of an action to itself."""
    keys = BY_ID[entry_id].keys
    if not keys or "+" in keys[0]:
        return False
    key = Qt.Key[f"Key_{'Escape' if keys[0] == 'Esc' else keys[0]}"]
    return needs_key(focus, key, " " if key == Qt.Key.Key_Space else keys[0] if len(keys[0]) == 1 else "")


def needs_key(focus: QWidget | None, key: Qt.Key, text: str) -> bool:
    """Whether a control that has the focus does something of its own with a key (without Ctrl or Alt) that gives this text.

    Letters, Space and arrows belong to text fields, Space to a button or tick, arrows to lists, trees, sliders and number
    fields. A control says otherwise by two sets of keys: `own_keys`, which it uses too, and `left_keys`, which it leaves to
    the page.
    """
    if key in getattr(focus, "left_keys", ()):
        return False
    if key in getattr(focus, "own_keys", ()):
        return True
    if isinstance(focus, _TYPING):
        return (text.isprintable() and text != "") or key in _ARROWS
    if isinstance(focus, QAbstractItemView):
        return key in _ARROWS
    if isinstance(focus, QAbstractButton):
        return key == Qt.Key.Key_Space
    if isinstance(focus, QComboBox | QSlider):
        return key in _ARROWS or key == Qt.Key.Key_Space
    return False
