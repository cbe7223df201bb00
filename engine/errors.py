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
    │   ├── Doubtful                a take that had better not be enrolled; it can be, all the same
    │   │   ├── TooNoisy, Clipped   it is worse than it need be
    │   │   └── UnlikeVoice         it does not sound like the voice's other takes
    │   ├── NoSpeech                music, or anything but speech
    │   ├── TwoVoices               two people in one take
    │   ├── TakeKnown               the same take twice
    │   ├── VoiceUnknown            no voice has this name
    │   │   └── StrangerUnknown     no stranger has this number
    │   └── VoiceExists             the name is taken
    ├── LibraryError                a folder or sound that is not there
    │   └── TagUnknown              no list of labels has this tag
    ├── TrainingError               a training cannot go on, or its checkpoint does not fit
    └── StoreError
        ├── TooNew                  the database was written by a newer Earmark
        ├── Busy                    another Earmark writes to this workspace
        ├── ListBroken              a file that says what is chosen, or what was added, cannot be used as it stands
        │   └── SettingsBroken      the settings
        ├── Locked                  the voices are encrypted and the key is not at hand (exit code 2)
        ├── WrongPassphrase         a passphrase or recovery code does not open it
        ├── KeyringMissing          the system's keyring is not there, locked, or keeps nothing (exit code 2)
        ├── RecordDamaged           an encrypted record does not open
        ├── Unfinished              it is done, but for something that the next command finishes
        └── ExportUnreadable        a file of exported voices is cut, damaged, foreign or too new

The message is a sentence for people; the attributes carry the data. `kind` names the error in JSON.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal


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
    """A file cannot be read as sound.

    passing: the reason may lie elsewhere than in the file, so that it is worth trying again as it is.
    """

    def __init__(self, path: Path | str, reason: str, passing: bool = False) -> None:
        super().__init__(f"{Path(path).name or path}: {reason}")
        self.path = Path(path)
        self.reason, self.passing = reason, passing


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


class Doubtful(EnrollmentError):
    """A take that had better not be enrolled. Whoever knows better can enroll it all the same."""


class TooNoisy(Doubtful):
    """The noise of a take is too near to its speech."""

    def __init__(self, snr_db: float, needed_db: float) -> None:
        super().__init__(f"There is too much noise: speech lies only {snr_db:.0f} dB above it, {needed_db:.0f} dB are needed. "
                         "Record it again in a quieter place.")
        self.snr_db, self.needed_db = snr_db, needed_db


class Clipped(Doubtful):
    """The wave of a take is cut off in many places."""

    def __init__(self, places: int) -> None:
        super().__init__(f"The wave is cut off in {places} places. Record it again from further away, or turn the input down.")
        self.places = places


class UnlikeVoice(Doubtful):
    """A take is unlike every take of the voice it was meant for, or far more like another voice.

    similarity: cosine to the take that it is most like. rival: name and cosine of the other voice.
    """

    def __init__(self, name: str, similarity: float, usual: float, rival: tuple[str, float] | None = None,
                 what: str = "This take") -> None:
        """usual: takes of one voice are at least so much alike. what: is unlike the voice, as the sentence begins."""
        super().__init__((
            f"{what} does not sound like {name}: its likeness to the nearest take of {name} is {similarity:.2f}, and takes of "
            f"one voice have {usual:.2f} or more." if rival is None else
            f"{what} sounds more like {rival[0]} ({rival[1]:.2f}) than like any take of {name} ({similarity:.2f}).")
            + " Perhaps somebody else speaks.")
        self.name, self.similarity, self.rival = name, similarity, rival

    def besides(self, other: Doubtful | str) -> UnlikeVoice:
        """The same with one more sentence: what else there is against the take, or what can be done."""
        self.args = (f"{self} {other}",)
        return self


class NoSpeech(EnrollmentError):
    """What was taken for speech sounds like something else."""

    def __init__(self, probability: float) -> None:
        super().__init__("This does not sound like speech: music, singing or noise, perhaps. Record somebody who talks.")
        self.probability = probability


class TwoVoices(EnrollmentError):
    """A take falls into two groups that are as unlike each other as two people."""

    def __init__(self, similarity: float) -> None:
        super().__init__("There seem to be two voices in this take. Record one person alone.")
        self.similarity = similarity


class TakeKnown(EnrollmentError):
    """The voice has this take."""

    def __init__(self) -> None:
        super().__init__("This take is enrolled already.")


class VoiceUnknown(EnrollmentError):
    """No voice has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"No voice is called “{name}”.")
        self.name = name


class StrangerUnknown(VoiceUnknown):
    """No stranger that is still without a name has this number."""

    def __init__(self, number: int) -> None:
        EnrollmentError.__init__(self, f"There is no Stranger {number} here, or it has a name already.")
        self.name, self.number = f"Stranger {number}", number


class VoiceExists(EnrollmentError):
    """The name is taken."""

    def __init__(self, name: str) -> None:
        super().__init__(f"A voice called “{name}” exists already.")
        self.name = name


class LibraryError(EarmarkError):
    """A folder or sound of the library is not there."""


class TagUnknown(LibraryError):
    """No list that the library is tagged with has this tag. lists: the names of those that there are."""

    def __init__(self, tag: str, lists: Sequence[str]) -> None:
        super().__init__(f"No list has the tag “{tag}”. " + (
            f"The library is tagged with: {', '.join(lists)}." if lists else
            "Tag it first: python main.py library tag audioset"))
        self.tag, self.lists = tag, tuple(lists)


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

    def __init__(self, path: Path, pid: int | None, at: Literal["reading", "writing"] | None = None) -> None:
        """at: another program held the database while this one read or wrote; None where the workspace is not ours to write."""
        who = f" (process {pid})" if pid else ""
        rest = "What was finished before is kept; the rest was not done. " if at == "writing" else ""
        super().__init__(
            f"Another Earmark{who} has the workspace “{path.name}” open for writing. "
            "Close it first, or choose another workspace. Nothing was changed." if at is None else
            f"Another program holds the database of the workspace “{path.name}”. {rest}Try again.")
        self.path, self.pid = path, pid


class ListBroken(StoreError):
    """A file of the workspace that people may edit holds something that cannot be used. It was left as it is.

    line: the first line that is wrong, from 1 on; None where it is no matter of a line. what: what is wrong there. then: what
    can be done about it.
    """

    def __init__(self, path: Path, line: int | None, what: str, then: str) -> None:
        where = f"“{path.name}”" + (f", line {line}" if line else "")
        super().__init__(f"{where} in the workspace cannot be used: {what} Nothing was changed. {then}: {path}")
        self.path, self.line, self.what = path, line, what


class SettingsBroken(ListBroken):
    """The settings of a workspace cannot be used: nothing is opened with others in their place unless the user says so."""

    def __init__(self, path: Path, line: int | None, what: str) -> None:
        super().__init__(path, line, what, ("Correct that line" if line else "Put that right") +
                         ", or move the file away to begin with the usual settings")


class Locked(StoreError):
    """The voices of this workspace are encrypted, and the key is not at hand. Nothing was changed."""

    exit_code = 2

    def __init__(self, why: Literal["passphrase", "keyring", "key"]) -> None:
        """why: a passphrase is needed; the keyring is missing or locked; the key is not in the keyring any more."""
        given = "in the window when it starts, in a terminal when it asks, or in a file that EARMARK_PASSPHRASE_FILE names"
        super().__init__({
            "passphrase": f"The voices of this workspace are encrypted. Give the passphrase: {given}.",
            "keyring": "The voices of this workspace are encrypted, and the keyring that holds their key is missing or "
                       f"locked. Unlock it and try again, or give the recovery code: {given}.",
            "key": "The voices of this workspace are encrypted, and their key is not in the keyring of this computer any "
                   f"more. Give the recovery code: {given}."}[why] + " Nothing was changed.")
        self.why = why


class WrongPassphrase(StoreError):
    """A passphrase or recovery code does not open what it was given for."""

    def __init__(self) -> None:
        super().__init__("This passphrase is wrong. Nothing was changed.")


class KeyringMissing(StoreError):
    """The operating system has no keyring that can be used. `detail` holds the type of its own error."""

    exit_code = 2

    def __init__(self, detail: str = "") -> None:
        super().__init__("There is no keyring on this computer that can keep a key, or it is locked. Unlock it, or choose a "
                         "passphrase instead (--passphrase). Nothing was changed.")
        self.detail = detail


class RecordDamaged(StoreError):
    """An encrypted record was changed, comes from another key, or was put elsewhere. voice: whose it is, where that is known."""

    def __init__(self, voice: str = "") -> None:
        of = f"“{voice}”" if voice else "this workspace"
        super().__init__(f"An encrypted record of {of} is damaged, or was put where it does not belong. It was left as it is. "
                         "Remove that voice or take, or import the voice again from an export.")
        self.voice = voice


class Unfinished(StoreError):
    """What was asked for is done and stays done; only something after it is left, which the next command finishes."""

    def __init__(self, done: str, pending: str) -> None:
        """Two sentences: what was done, and what is left, why, and who does it."""
        super().__init__(f"{done} {pending}")
        self.done, self.pending = done, pending


class ExportUnreadable(StoreError):
    """A file of exported voices cannot be used; nothing was imported."""
