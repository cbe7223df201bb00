"""What stands in a file of exported voices, behind the seal (`engine.privacy.envelope`): written, and read with care.

A list of entries, each a JSON object with its length before it (4 bytes, big endian), and after it the bytes that it
announces as `vectors_bytes` and `recording_bytes`:

    {"kind": "voices", "voices": n}
    {"kind": "voice", "name", "colour", "created_at", "takes": n}      n takes follow
    {"kind": "take", "source", "sha256", "recorded_at", "duration_s", "speech_s", "level_dbfs", "snr_db", "clipped",
     "consent_at", "spec", "samples": [[norm, speech_s, start_s, end_s], …], "vectors_bytes", "recording_bytes"}
                                                                       one for each spec of its samples

start_s and end_s say where in the take a sample comes from; a sample of which nobody knows has two numbers. Whoever knows the
passphrase can write such a file, so that nothing in it is believed: neither sizes, nor numbers, nor that a hash is one.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from engine.errors import ExportUnreadable, ShapeError
from engine.index import SMALLEST_NORM, unit
from engine.privacy.envelope import SealedReader, SealedWriter
from engine.records import Embedding, EncoderSpec, FloatArray, Span, Voice
from engine.store import NewTake
from engine.tasks import Ticket
from engine.texts import as_name

MOST_JSON, MOST_BLOB = 1 << 24, 1 << 30  # bytes: more is no entry that an Earmark wrote
MOST_LETTERS, MOST_DIM, MOST_COUNT, MOST_NUMBER = 4_000, 65_536, 1 << 31, 1e12
COLOURS = 12
NOT_OURS = "What this file holds is nothing that Earmark writes, so it was not imported. Nothing was changed."


@dataclass(frozen=True)
class FileVoice:
    """A voice of a file. takes: how many entries of takes follow."""

    name: str
    colour: int
    takes: int


def put_count(out: SealedWriter, voices: int) -> None:
    _put(out, {"kind": "voices", "voices": voices})


def put_voice(out: SealedWriter, voice: Voice, takes: int) -> None:
    _put(out, {"kind": "voice", "name": voice.name, "colour": voice.colour, "created_at": voice.created_at.isoformat(),
               "takes": takes})


def put_take(out: SealedWriter, new: NewTake, wav: bytes) -> None:
    vectors = b"".join(np.asarray(e.vector, "<f4").tobytes() for e, _ in new.samples)
    spans = new.spans or [None] * len(new.samples)
    _put(out, {
        "kind": "take", "source": new.source, "sha256": new.sha256, "recorded_at": new.recorded_at.isoformat(),
        "duration_s": new.duration_s, "speech_s": new.speech_s, "level_dbfs": new.level_dbfs, "snr_db": new.snr_db,
        "clipped": new.clipped, "consent_at": None if new.consent_at is None else new.consent_at.isoformat(),
        "spec": asdict(new.spec),
        "samples": [[e.norm, speech_s, *(() if span is None else (span.start_s, span.end_s))]
                    for (e, speech_s), span in zip(new.samples, spans, strict=True)],
        "vectors_bytes": len(vectors), "recording_bytes": len(wav)}, vectors, wav)


def read_voices(source: SealedReader, ticket: Ticket) -> Iterator[tuple[FileVoice, list[tuple[NewTake, bytes]]]]:
    """The voices of a file with their takes, one voice in memory at a time. Raises ExportUnreadable, Cancelled."""
    try:
        count = _whole(_entry(source, "voices")["voices"])
        for number in range(count):
            ticket.report(number, count, "")
            voice = _voice(_entry(source, "voice"))
            yield voice, [_take(source) for _ in range(voice.takes)]
        if not source.ended:
            raise ExportUnreadable(NOT_OURS)
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError, ShapeError) as error:
        raise ExportUnreadable(NOT_OURS) from error


def _put(out: SealedWriter, entry: dict[str, Any], *blobs: bytes) -> None:
    words = json.dumps(entry, ensure_ascii=True, allow_nan=False).encode("ascii")
    out.write(len(words).to_bytes(4, "big") + words)
    for blob in blobs:
        out.write(blob)


def _entry(source: SealedReader, kind: str) -> dict[str, Any]:
    size = int.from_bytes(source.exactly(4), "big")
    if size > MOST_JSON:
        raise ValueError("too long")
    entry = json.loads(source.exactly(size))
    if not isinstance(entry, dict) or entry["kind"] != kind:
        raise ValueError("another entry")
    return entry


def _voice(entry: dict[str, Any]) -> FileVoice:
    name = _text(entry["name"])
    if not as_name(name) or any(unicodedata.category(letter) == "Cc" for letter in name):
        raise ValueError("no name")
    name = as_name(name)  # older programs took names with marks that cannot be seen
    return FileVoice(name, _whole(entry["colour"], COLOURS - 1), _whole(entry["takes"]))


def _take(source: SealedReader) -> tuple[NewTake, bytes]:
    entry = _entry(source, "take")
    spec, samples, consent = _spec(entry["spec"]), entry["samples"], entry["consent_at"]
    sizes = _whole(entry["vectors_bytes"]), _whole(entry["recording_bytes"], MOST_BLOB)
    if not samples or sizes[0] != 4 * spec.dim * len(samples):
        raise ValueError("not as many vectors as samples")
    vectors = np.frombuffer(source.exactly(sizes[0]), "<f4").astype(np.float32).reshape(-1, spec.dim)  # (n, dim)
    unit(vectors)  # each has a direction
    new = NewTake(
        _text(entry["source"]), _hash(entry["sha256"]), _time(entry["recorded_at"]), _number(entry["duration_s"], 0.0),
        _number(entry["speech_s"], 0.0), _number(entry["level_dbfs"]), _number(entry["snr_db"]), _whole(entry["clipped"]), None,
        None if consent is None else _time(consent), spec,
        [_sample(vector, numbers) for vector, numbers in zip(vectors, samples, strict=True)], [_span(one) for one in samples])
    wav = source.exactly(sizes[1])
    if wav and (wav[:4] != b"RIFF" or wav[8:12] != b"WAVE"):
        raise ValueError("no recording")
    return new, wav


def _spec(entry: Any) -> EncoderSpec:
    spec = EncoderSpec(**entry)
    if spec.kind != "voice" or _whole(spec.dim, MOST_DIM) < 1 or (spec.rate_hz is not None and _whole(spec.rate_hz) < 1):
        raise ValueError("no encoder of voices")
    return EncoderSpec(_text(spec.name), _text(spec.version), _hash(spec.sha256), "voice", spec.dim, spec.rate_hz)


def _sample(vector: FloatArray, numbers: Any) -> tuple[Embedding, float]:
    norm, speech_s, *_ = numbers
    return Embedding(vector, _number(norm, SMALLEST_NORM)), _number(speech_s, 0.0)


def _span(numbers: Any) -> Span | None:
    _, _, *ends = numbers
    if not ends:
        return None
    start_s, end_s = ends
    return Span(_number(start_s, 0.0), _number(end_s, start_s))


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > MOST_LETTERS:
        raise ValueError("no text")
    value.encode("utf-8")  # raises for half a letter
    return value


def _hash(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch("[0-9a-f]{64}", value):
        raise ValueError("no hash")
    return value


def _time(value: Any) -> datetime:
    return datetime.fromisoformat(value).astimezone(UTC)


def _number(value: Any, least: float = -MOST_NUMBER) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= MOST_NUMBER:  # nor NaN
        raise ValueError("no such number")
    return float(value)


def _whole(value: Any, most: int = MOST_COUNT) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise ValueError("no such number")
    return value
