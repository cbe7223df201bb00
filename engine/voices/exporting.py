"""Voices in one file that a passphrase opens: written from a workspace, read into another one.

Inside the sealed file (`engine.privacy.envelope`) stands a list of entries, each a JSON object with its length before
it (4 bytes, big endian), and after it the bytes that it announces as `vectors_bytes` and `recording_bytes`:

    {"kind": "voices", "voices": n}
    {"kind": "voice", "name", "colour", "created_at", "takes": n}      n takes follow
    {"kind": "take", "source", "sha256", "recorded_at", "duration_s", "speech_s", "level_dbfs", "snr_db", "clipped",
     "consent_at", "spec", "samples": [[norm, speech_s], …], "vectors_bytes", "recording_bytes"}
                                                                       one for each spec of its samples

A file is read twice: once to prove every piece of it, then to import it, in one transaction.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np

from engine.errors import EnrollmentError, ExportUnreadable, ShapeError
from engine.privacy.envelope import DAMAGED, SealedReader, SealedWriter
from engine.privacy.passphrases import checked
from engine.records import Embedding, EncoderSpec, Voice
from engine.store import NewTake, Store
from engine.tasks import Ticket

MOST_JSON, MOST_BLOB = 1 << 24, 1 << 31  # bytes: more is no entry that an Earmark wrote
Clash = Literal["rename", "merge"]


@dataclass(frozen=True)
class Exported:
    """What was written."""

    voices: int
    takes: int
    samples: int
    recordings: int


@dataclass(frozen=True)
class Imported:
    """What became of one voice of the file.

    name: as it is called here. action: made, merged into the one that was here, renamed because the name was taken, or
    nothing, because all of it was here. other_encoder: samples that the encoder in use cannot compare; they are kept for
    when their encoder is used again, and the voice needs enrolling anew until then.
    """

    name: str
    action: Literal["made", "merged", "renamed", "nothing"]
    takes: int
    samples: int
    other_encoder: int


@dataclass(frozen=True)
class _FileVoice:
    name: str
    colour: int
    takes: int


def export(store: Store, voices: Sequence[Voice], path: Path, passphrase: str, ticket: Ticket) -> Exported:
    """Write voices to a new file (or over an old one). Raises UsageError (passphrase too short), StoreError, Cancelled."""
    checked(passphrase)
    takes = samples = recordings = 0
    with SealedWriter(path, passphrase) as out:
        _put(out, {"kind": "voices", "voices": len(voices)})
        for number, voice in enumerate(voices):
            ticket.report(number, len(voices), "")
            entries = list(store.voices.everything(voice.id))
            _put(out, {"kind": "voice", "name": voice.name, "colour": voice.colour,
                       "created_at": voice.created_at.isoformat(), "takes": len(entries)})
            seen: set[int] = set()  # a take has an entry for each space; its recording goes with the first
            for new, take_id in entries:
                wav = b"" if new.recording is None or take_id in seen else _recording(store, take_id)
                seen.add(take_id)
                _put_take(out, new, wav)
                samples, recordings = samples + len(new.samples), recordings + bool(wav)
            takes += len({take_id for _, take_id in entries})
        ticket.report(len(voices), len(voices), "")
        out.finish()
    return Exported(len(voices), takes, samples, recordings)


def import_(store: Store, path: Path, passphrase: str, clash: Clash, spec: EncoderSpec, ticket: Ticket) -> list[Imported]:
    """Add the voices of a file, all or none. spec: of the encoder in use.

    clash: what happens to a voice whose name is taken: it gets a number behind its name, or its takes are added to the
    one that is here. A take that is here already is never doubled. Raises ExportUnreadable, WrongPassphrase, StoreError.
    """
    with SealedReader(path, passphrase) as source:
        for _ in _entries(source, ticket):  # every piece is proved before anything is changed
            pass
        source.again()
        made: list[Imported] = []
        written: list[Path] = []
        try:
            with store.writing():
                for voice, takes in _entries(source, ticket):
                    made.append(_add(store, voice, takes, clash, spec, written))
        except BaseException:
            for file in written:
                file.unlink(missing_ok=True)
            raise
    return made


def _add(store: Store, voice: _FileVoice, takes: list[tuple[NewTake, bytes]], clash: Clash, spec: EncoderSpec,
         written: list[Path]) -> Imported:
    """Inside a transaction. written: gets the recordings that were written."""
    here = store.voices.find(voice.name)
    action: Literal["made", "merged", "renamed"] = "made"
    wanted, number = _missing(store, here, takes), 1
    while here is not None and clash == "rename" and wanted:  # its numbered name may be taken by an earlier import
        action, number = "renamed", number + 1
        here = store.voices.find(f"{voice.name} ({number})")
        wanted = _missing(store, here, takes)
    if here is not None and not wanted:
        return Imported(here.name, "nothing", 0, 0, 0)
    if here is not None:
        action, target = "merged", here
    else:
        target = store.voices.create(voice.name if number == 1 else f"{voice.name} ({number})", voice.colour)
    for new, wav in wanted:
        known = store.voices.find_take(target.id, new.sha256)
        if known is not None:  # the same take, in the space of another encoder
            store.voices.add_samples(known.id, new.spec, new.samples)
            continue
        recording = None
        if wav and new.consent_at is not None:
            recording = store.voices.keep_recording(target.id, new.sha256, wav)
            written.append(recording)
        store.voices.add_take(target.id, replace(new, recording=recording))
    if any(new.samples for new, _ in wanted):
        store.voices.set_state(target.id, "enrolled")
    return Imported(target.name, action, len({new.sha256 for new, _ in wanted}), sum(len(new.samples) for new, _ in wanted),
                    sum(len(new.samples) for new, _ in wanted if new.spec != spec))


def _missing(store: Store, here: Voice | None, takes: list[tuple[NewTake, bytes]]) -> list[tuple[NewTake, bytes]]:
    """The takes that a voice does not have; all of them where there is no voice."""
    if here is None:
        return takes
    return [(new, wav) for new, wav in takes if new.sha256 not in store.voices.take_hashes(here.id, new.spec)]


def _recording(store: Store, take_id: int) -> bytes:
    try:
        return store.voices.recording(take_id)
    except EnrollmentError:  # the file is gone; the vectors are what counts
        return b""


def _put(out: SealedWriter, entry: dict[str, Any], *blobs: bytes) -> None:
    words = json.dumps(entry, ensure_ascii=True, allow_nan=False).encode("ascii")
    out.write(len(words).to_bytes(4, "big") + words)
    for blob in blobs:
        out.write(blob)


def _put_take(out: SealedWriter, new: NewTake, wav: bytes) -> None:
    vectors = b"".join(np.asarray(e.vector, "<f4").tobytes() for e, _ in new.samples)
    _put(out, {
        "kind": "take", "source": new.source, "sha256": new.sha256, "recorded_at": new.recorded_at.isoformat(),
        "duration_s": new.duration_s, "speech_s": new.speech_s, "level_dbfs": new.level_dbfs, "snr_db": new.snr_db,
        "clipped": new.clipped, "consent_at": None if new.consent_at is None else new.consent_at.isoformat(),
        "spec": asdict(new.spec), "samples": [[e.norm, speech_s] for e, speech_s in new.samples],
        "vectors_bytes": len(vectors), "recording_bytes": len(wav)}, vectors, wav)


def _entries(source: SealedReader, ticket: Ticket) -> Iterator[tuple[_FileVoice, list[tuple[NewTake, bytes]]]]:
    """The voices of a file with their takes, one voice in memory at a time. Raises ExportUnreadable, Cancelled."""
    try:
        count = int(_entry(source, "voices")["voices"])
        for number in range(count):
            ticket.report(number, count, "")
            entry = _entry(source, "voice")
            voice = _FileVoice(str(entry["name"]), int(entry["colour"]), int(entry["takes"]))
            yield voice, [_take(source) for _ in range(voice.takes)]
        if not source.ended:
            raise ExportUnreadable(DAMAGED)
    except (KeyError, TypeError, ValueError, ShapeError) as error:
        raise ExportUnreadable(DAMAGED) from error


def _entry(source: SealedReader, kind: str) -> dict[str, Any]:
    size = int.from_bytes(source.exactly(4), "big")
    if size > MOST_JSON:
        raise ExportUnreadable(DAMAGED)
    entry = json.loads(source.exactly(size))
    if not isinstance(entry, dict) or entry.get("kind") != kind:
        raise ExportUnreadable(DAMAGED)
    return entry


def _take(source: SealedReader) -> tuple[NewTake, bytes]:
    entry = _entry(source, "take")
    spec = EncoderSpec(**entry["spec"])
    sizes = int(entry["vectors_bytes"]), int(entry["recording_bytes"])
    if sizes[0] != 4 * spec.dim * len(entry["samples"]) or not 0 <= sizes[1] <= MOST_BLOB:
        raise ExportUnreadable(DAMAGED)
    vectors = np.frombuffer(source.exactly(sizes[0]), "<f4").astype(np.float32).reshape(-1, spec.dim)  # (n, dim)
    consent = entry["consent_at"]
    return NewTake(
        str(entry["source"]), str(entry["sha256"]), datetime.fromisoformat(entry["recorded_at"]),
        float(entry["duration_s"]), float(entry["speech_s"]), float(entry["level_dbfs"]), float(entry["snr_db"]),
        int(entry["clipped"]), None, None if consent is None else datetime.fromisoformat(consent), spec,
        [(Embedding(vector, float(norm)), float(speech_s))
         for vector, (norm, speech_s) in zip(vectors, entry["samples"], strict=True)]), source.exactly(sizes[1])
