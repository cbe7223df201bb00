"""The program on the screen: start it, refuse it, or draw its pictures."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, NoReturn, cast

from PySide6.QtCore import QCoreApplication, QEventLoop, QTimer
from PySide6.QtWidgets import QApplication, QMessageBox

from engine.errors import EarmarkError, SettingsBroken
from engine.logs import log_fault
from engine.settings import free_name, set_aside
from gui.collecting import Collector
from gui.ending import Ending
from gui.jobs import READING_S, Jobs, Unexpected
from gui.keeping import WAIT_S
from gui.pages.live.session import LiveSession
from gui.theme import Mode, Theme
from gui.widgets.controls import message_box
from gui.window import PAGES, MainWindow
from gui.words import breakable

if TYPE_CHECKING:
    from engine.app import Earmark

log = logging.getLogger(__name__)
TALK_MS = 14_500  # of a talk before its picture is taken
PICTURE_WAIT_MS = 60_000  # the longest that one page may take to come to rest


def display_missing() -> str | None:
    """What to say where no window can be shown, None where one can."""
    if sys.platform != "linux" or os.environ.get("QT_QPA_PLATFORM"):
        return None
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        return None
    return ("There is no display to show a window on (neither DISPLAY nor WAYLAND_DISPLAY is set). "
            "Start Earmark in a desktop session, or use its commands: python main.py --help")


def run(earmark: Earmark) -> int:
    """Show the window and stay until it is closed. Returns the exit code."""
    earmark.settings.wait_s = WAIT_S
    qt = application()
    theme = Theme(cast(Mode, earmark.settings.value.theme), earmark.settings.value.reduced_motion)
    theme.apply(qt)
    jobs = Jobs()
    ending = Ending()
    if not unlocked(earmark, theme, jobs):
        ending.close()
        jobs.shutdown()
        return 0
    window = MainWindow(earmark, theme, jobs)
    _catch(window)
    collector = Collector()
    window.start()
    jobs.run(window, lambda ticket: earmark.tidy(), lane="store")
    code = qt.exec()
    ending.close()
    collector.close()
    sys.excepthook = sys.__excepthook__
    if not jobs.shutdown(READING_S):
        log.info("leaving while work was still stopping")
    return code


def leave(code: int) -> NoReturn:
    """End the process now, when the workspace is closed: nothing is left to be written.

    Python would wait for every thread of an executor (a model that is still loading) and take torch and Qt apart first, for
    seconds in which the program seems to be running still.
    """
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # a program without a console has none
            with contextlib.suppress(OSError, ValueError):  # nobody reads it any more, or it is closed
                stream.flush()
    os._exit(code)


def unlocked(earmark: Earmark, theme: Theme, jobs: Jobs) -> bool:
    """Whether the voices can be read; where they are encrypted and the key is not at hand, it is asked for in a dialog."""
    why = earmark.locked()
    if why is None:
        return True
    from gui.unlock import UnlockDialog

    dialog = UnlockDialog(earmark, theme, jobs, why)
    try:
        return bool(dialog.exec())
    finally:
        dialog.deleteLater()


def refuse(error: EarmarkError) -> int:
    """Say in a window why the program cannot start (a busy or too new workspace). Returns the exit code."""
    box = _box(str(error))
    box.setDefaultButton(box.addButton(_tr("Close"), QMessageBox.ButtonRole.RejectRole))
    box.exec()
    return error.exit_code


def begin_anew(error: SettingsBroken) -> bool:
    """Say in a window what is wrong with the settings, and let the user choose: to begin with the usual ones, the old file being
    kept beside them, or to quit and mend it. True when it was put aside and the program can start."""
    kept = free_name(error.path)
    box = _box(_tr("The settings of “{}” cannot be used").format(error.path.parent.name))
    place = _tr("{}, line {}").format(error.path.name, error.line) if error.line else error.path.name
    where = f"{place}: {error.what}"
    box.setInformativeText(breakable("\n\n".join((where, str(error.path), _tr(
        "Nothing was changed. Quit, correct the file with a text editor, and start again. Or begin with the usual settings: the "
        "file is kept as {}. Voices and library stay as they are, with the encoders that they are stored with.").format(
            kept.name)))))
    begin = box.addButton(_tr("Use the usual settings"), QMessageBox.ButtonRole.AcceptRole)
    leave = box.addButton(_tr("Quit"), QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(leave)
    box.setEscapeButton(leave)
    box.exec()
    if box.clickedButton() is not begin:
        return False
    try:
        set_aside(error.path)
    except EarmarkError as failed:
        refuse(failed)
        return False
    return True


def _box(text: str) -> QMessageBox:
    """A message before there is a window. Names in it are no markup, and long ones are not cut off."""
    qt = application()
    theme = Theme()
    theme.apply(qt)
    return message_box(theme, "Earmark", text)


def _tr(text: str) -> str:
    return QCoreApplication.translate("App", text)


@dataclass(frozen=True)
class Scene:
    """One picture to be drawn. what: handed to the page's `open`. talk: a sound that plays the microphone's part."""

    page: str
    name: str
    what: object = None
    talk: Path | None = None


def pictures(earmark: Earmark, out: Path, scenes: Sequence[Scene] = (),
             sizes: Sequence[tuple[int, int]] = ((1440, 900), (1280, 800)),
             themes: Sequence[Literal["dark", "light"]] = ("dark", "light")) -> list[Path]:
    """Draw scenes (by default every page as it opens) into PNG files `<name>-<theme>-<width>x<height>.png` of folder `out`.

    Returns the files. The caller sets QT_QPA_PLATFORM=offscreen before Qt is imported. Raises EarmarkError with the path
    of a picture that cannot be written.
    """
    qt = application()
    out.mkdir(parents=True, exist_ok=True)
    theme = Theme(themes[0], reduced_motion=True)
    theme.apply(qt)
    jobs = Jobs()
    window = MainWindow(earmark, theme, jobs, remember=False)
    window.resize(*sizes[0])
    window.start()
    _settle(window, 300)
    written = []
    try:
        for scene in scenes or [Scene(page, page) for page in PAGES]:
            if scene.talk is not None:
                _let_talk(window, scene.talk)
            window.show_page(scene.page, scene.what)
            _settle(window, TALK_MS if scene.talk is not None else 400)
            for mode in themes:
                theme.set_mode(mode)
                for width, height in sizes:
                    window.resize(width, height)
                    _settle(window, 150)
                    path = out / f"{scene.name}-{mode}-{width}x{height}.png"
                    _save(window, path)
                    written.append(path)
            window.resize(*sizes[0])
            if scene.talk is not None:
                LiveSession.of(window.context).stop()
    finally:
        window.close()
        window.deleteLater()
        jobs.shutdown()
    return written


def _let_talk(window: MainWindow, talk: Path) -> None:
    """Listen to a sound file as if it were spoken into a microphone now."""
    from engine.audio.devices import Device
    from engine.audio.microphone import FileSource

    rate_hz = FileSource(talk).rate_hz
    session = LiveSession.of(window.context)
    session.make_source = lambda name: FileSource(talk)
    session.find_inputs = lambda rescan: [Device(talk.name, 0, rate_hz, 1, True, "file")]
    session.start()


def application() -> QApplication:
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    application = QApplication(sys.argv[:1])
    application.setApplicationName("Earmark")
    application.setDesktopFileName("earmark")
    return application


def _settle(window: MainWindow, rest_ms: int) -> None:
    """Let the window live until no job runs and nothing started for rest_ms."""
    loop = QEventLoop()
    quiet = QTimer(interval=rest_ms, singleShot=True)
    quiet.timeout.connect(lambda: quiet.start() if window.jobs.running else loop.quit())
    limit = QTimer(interval=PICTURE_WAIT_MS, singleShot=True)
    limit.timeout.connect(loop.quit)
    quiet.start()
    limit.start()
    loop.exec()


def _save(window: MainWindow, path: Path) -> None:
    if not window.grab().save(str(path)):
        raise EarmarkError(f"The picture {path} cannot be written. Is the folder writable, and the disk not full?")


def _catch(window: MainWindow) -> None:
    """A fault of ours becomes a sentence on the screen and a traceback in the log."""
    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        log_fault(log, "unhandled", error.with_traceback(trace))
        window.say(str(error) if isinstance(error, EarmarkError) else str(Unexpected(error)))

    sys.excepthook = hook
