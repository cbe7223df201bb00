"""Every error that Earmark raises on purpose.

    EarmarkError
    ├── UsageError                  what was asked makes no sense (exit code 2)
    ├── Cancelled                   the user stopped it (exit code 130)
    ├── AudioError
    │   ├── DecodeError             a file cannot be read as sound
    │   └── DeviceError             a microphone or loudspeaker is missing or went away
    ├── EncoderError
    │   ├── ShapeError              an array has the wrong shape, type or values
    │   ├── WeightsMissing          a model has not been fetched yet (exit code 2)
    │   ├── WeightsCorrupt          a file does not match its checksum
    │   └── FetchError              a model could not be fetched
    ├── EnrollmentError
    │   ├── TooLittleSpeech         less net speech than an identity needs
    │   ├── VoiceUnknown            no voice has this name
    │   └── VoiceExists             the name is taken
    ├── LibraryError                a folder or sound that is not there
    ├── TrainingError               a training cannot go on, or its checkpoint does not fit
    └── StoreError
        ├── TooNew                  the database was written by a newer Earmark
        └── Busy                    another Earmark writes to this workspace

The message is a sentence for people; the attributes carry the data. `kind` names the error in JSON.
"""

from __future__ import annotations

from pathlib import Path


class EarmarkError(Exception):
    """Root of all errors that are part of the program's contract."""

    exit_code = 1

    @property
    def kind(self) -> str:
        """The class name in kebab-case, as printed in `{"error": {"kind": …}}`."""
        name = type(self).__name__
        return "".join(f"-{c.lower()}" if c.isupper() else c for c in name).lstrip("-")


class UsageError(EarmarkError):
    """The request itself is wrong."""

    exit_code = 2


class Cancelled(EarmarkError):
    """The user cancelled the work; what was finished before is kept."""

    exit_code = 130

    def __init__(self, message: str = "Cancelled.") -> None:
        super().__init__(message)


class AudioError(EarmarkError):
    """Something about sound in or out."""


class DecodeError(AudioError):
    """A file cannot be read as sound."""

    def __init__(self, path: Path | str, reason: str) -> None:
        super().__init__(f"{Path(path).name}: {reason}")
        self.path = Path(path)
        self.reason = reason


class DeviceError(AudioError):
    """A sound device is missing, busy or went away. `detail` holds the sound system's own words."""

    def __init__(self, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail


class EncoderError(EarmarkError):
    """Something about an encoder or its weights."""


class ShapeError(EncoderError):
    """An array has the wrong shape, type, or holds NaN or infinity."""


class WeightsMissing(EncoderError):
    """A model's weights are not on this machine."""

    exit_code = 2

    def __init__(self, name: str) -> None:
        super().__init__(f"The weights of {name} are not on this machine. Get them with: "
                         f"python main.py models fetch {name}")
        self.name = name


class WeightsCorrupt(EncoderError):
    """A file does not match the checksum it should have."""

    def __init__(self, name: str, expected: str, found: str) -> None:
        super().__init__(f"The weights of {name} do not match their checksum, so they were not loaded. "
                         f"Fetch them again with: python main.py models fetch {name}")
        self.name, self.expected, self.found = name, expected, found


class FetchError(EncoderError):
    """A model could not be fetched; nothing half-written is left behind."""


class EnrollmentError(EarmarkError):
    """A voice cannot be enrolled or changed as asked."""


class TooLittleSpeech(EnrollmentError):
    """There is less net speech than an identity needs."""

    def __init__(self, found_s: float, needed_s: float) -> None:
        super().__init__(f"Only {found_s:.1f} s of speech was found; at least {needed_s:.1f} s is needed.")
        self.found_s, self.needed_s = found_s, needed_s


class VoiceUnknown(EnrollmentError):
    """No voice has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"No voice is called “{name}”.")
        self.name = name


class VoiceExists(EnrollmentError):
    """The name is taken."""

    def __init__(self, name: str) -> None:
        super().__init__(f"A voice called “{name}” exists already.")
        self.name = name


class LibraryError(EarmarkError):
    """A folder or sound of the library is not there."""


class TrainingError(EarmarkError):
    """A training cannot go on, or a checkpoint belongs to another one. The last checkpoint is kept."""


class StoreError(EarmarkError):
    """The workspace cannot be read or written."""


class TooNew(StoreError):
    """The database was written by a newer Earmark and is left untouched."""

    def __init__(self, path: Path, revision: str) -> None:
        super().__init__(f"This workspace was written by a newer Earmark (database revision {revision}). "
                         "It was left untouched. Update Earmark, or choose another workspace.")
        self.path, self.revision = path, revision


class Busy(StoreError):
    """Another Earmark writes to this workspace."""

    def __init__(self, path: Path, pid: int | None) -> None:
        who = f" (process {pid})" if pid else ""
        super().__init__(f"Another Earmark{who} has the workspace “{path.name}” open for writing. "
                         "Close it first, or choose another workspace. Nothing was changed.")
        self.path, self.pid = path, pid
