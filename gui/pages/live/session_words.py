"""What the Live page says of its session."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from engine.audio.files import SUFFIXES
from engine.errors import DeviceError
from gui.pages.live.session import LiveSession


def trouble(session: LiveSession) -> tuple[str, str]:
    """Title and sentence of what went wrong; empty where all is well."""
    error, lost = session.error, session.state == "lost"
    if lost and (error is None or isinstance(error, DeviceError)):
        recorded = session.saved or session.saving
        safe = (_tr("The recording until then is safe: {}.").format(recorded.name) if recorded
                else _tr("What was found until then stays below."))
        return _tr("The microphone went away"), f"{safe} " + _tr("Plug it in again, then listen again.")
    if error is None:
        return "", ""
    stopped = _tr("Listening stopped") if lost else _tr("Listening did not work")
    detail = getattr(error, "detail", "")
    return _tr("Recording stopped") if session.recording_failed else stopped, f"{error}" + (f" ({detail})" if detail else "")


def kept(session: LiveSession) -> tuple[str, bool]:
    """Whether the sound is kept, in words, and whether there is a file."""
    if session.recording is not None:
        return _tr("Saving to recordings/{}").format(session.recording.name), True
    if session.saving is not None:
        return _tr("Finishing recordings/{}…").format(session.saving.name), True
    if session.saved is not None:
        return _tr("Saved as recordings/{}").format(session.saved.name), True
    return _tr("Kept on this machine. Audio is not saved."), False


def why_not_anew(session: LiveSession) -> str:
    """Why no new session can begin now; empty where one can."""
    if session.can_begin_anew:
        return ""
    if session.recording_wanted:
        return _tr("Stop the recording first.")
    if session.began_at is None:
        return _tr("Nothing was heard yet, so there is nothing to put away.")
    return _tr("The microphone is being opened. A new session can begin when it is open.")


def sound_files() -> str:
    """The filter of a file dialog."""
    return _tr("Sound ({})").format(" ".join(f"*{suffix}" for suffix in sorted(SUFFIXES)))


def _tr(text: str) -> str:
    return QCoreApplication.translate("LivePage", text)
