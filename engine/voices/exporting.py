"""Voices in one file that a passphrase opens: written from a workspace, read into another one.

What stands in the file is told in `engine.voices.entries`, how it is sealed in `engine.privacy.envelope`. A file is read
twice: once to prove every piece of it and every number in it, then to import it, in one transaction.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Literal

from engine.errors import EnrollmentError, StoreError, UnlikeVoice
from engine.privacy.envelope import SealedReader, SealedWriter
from engine.privacy.passphrases import checked
from engine.records import Embedding, EncoderSpec, Voice
from engine.store import NewTake, Store
from engine.tasks import Ticket
from engine.texts import is_label
from engine.voices.entries import FileVoice, put_count, put_take, put_voice, read_voices

Clash = Literal["rename", "merge"]
Doubt = Callable[[int, Sequence[tuple[Embedding, float]], EncoderSpec, str], UnlikeVoice | None]  # see `Voices.unlike`
_Takes = list[tuple[NewTake, bytes]]  # each with its recording, or b""


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

    name: as it is called here; named: as the file calls it. action: made, merged into the one that was here, renamed because the
    name was taken or is what the program itself says for somebody unknown, or nothing, because all of it was here.
    other_encoder: samples that the encoder in use cannot compare; they are kept for when their encoder is used again, and the
    voice needs enrolling anew until then.
    """

    name: str
    action: Literal["made", "merged", "renamed", "nothing"]
    takes: int
    samples: int
    other_encoder: int
    named: str = ""


def export(store: Store, voices: Sequence[Voice], path: Path, passphrase: str, ticket: Ticket) -> Exported:
    """Write voices to a new file (or over an old one). Raises UsageError (passphrase too short), StoreError, Cancelled."""
    checked(passphrase)
    takes = samples = recordings = 0
    with SealedWriter(path, passphrase) as out:
        put_count(out, len(voices))
        for number, voice in enumerate(voices):
            ticket.report(number, len(voices), "")
            entries = list(store.voices.everything(voice.id))
            put_voice(out, voice, len(entries))
            seen: set[int] = set()  # a take has an entry for each space; its recording goes with the first
            for new, take_id in entries:
                wav = b"" if new.recording is None or take_id in seen else _recording(store, take_id)
                seen.add(take_id)
                put_take(out, new, wav)
                samples, recordings = samples + len(new.samples), recordings + bool(wav)
            takes += len({take_id for _, take_id in entries})
        ticket.report(len(voices), len(voices), "")
        out.finish()
    return Exported(len(voices), takes, samples, recordings)


def import_(store: Store, path: Path, passphrase: str, clash: Clash, spec: EncoderSpec, ticket: Ticket,
            doubt: Doubt | None = None) -> list[Imported]:
    """Add the voices of a file, all or none. spec: of the encoder in use. doubt: says why samples are not added to a voice that
    is here without being asked; without it nobody is asked.

    clash: what happens to a voice whose name is taken: it gets a number behind its name, or its takes are added to the
    one that is here. One called “Stranger 1”, as the program itself calls somebody unknown, becomes “Imported Stranger 1”.
    A take that is here already is never doubled. Raises UnlikeVoice, ExportUnreadable, WrongPassphrase, StoreError.
    """
    with SealedReader(path, passphrase) as source:
        doubts = []
        for voice, takes in read_voices(source, ticket):  # every piece is proved before anything is changed
            doubts += _doubts(store, voice, takes, clash, doubt) if doubt is not None else []
        if doubts:
            raise _together(doubts)
        source.again()
        made: list[Imported] = []
        try:
            with store.writing():
                for voice, takes in read_voices(source, ticket):
                    made.append(_add(store, voice, takes, clash, spec))
        except BaseException:
            with contextlib.suppress(StoreError):
                store.voices.remove_strays()  # recordings that were written for nothing
            raise
    return made


def _place(store: Store, voice: FileVoice, takes: _Takes, clash: Clash) -> tuple[str, Voice | None, _Takes]:
    """(the name under which a voice of a file is kept here, the voice that has it already, the takes that this one lacks)."""
    for name in _names(voice.name):  # its numbered name may be taken by an earlier import
        here = store.voices.find(name)
        wanted = _missing(store, here, takes)
        if here is not None and (not wanted or clash == "merge"):
            return name, here, wanted
        if here is None and not is_label(name):
            break
    return name, None, takes


def _doubts(store: Store, voice: FileVoice, takes: _Takes, clash: Clash, doubt: Doubt) -> list[UnlikeVoice]:
    """Why the takes of a voice of the file are not added to the one of that name: they do not sound like it, all together. One
    reason at most."""
    _, here, wanted = _place(store, voice, takes, clash)
    if here is None:
        return []
    samples: dict[EncoderSpec, list[tuple[Embedding, float]]] = {}
    for new, _ in wanted:
        samples.setdefault(new.spec, []).extend(new.samples)
    found = (doubt(here.id, some, spec, f"{voice.name} of the file") for spec, some in samples.items())
    return [one for one in found if one is not None][:1]


def _together(doubts: Sequence[UnlikeVoice]) -> UnlikeVoice:
    """The first, with the names of the others."""
    others = [one.name for one in doubts[1:]]
    return doubts[0].besides(f"The same holds for {', '.join(others)}.") if others else doubts[0]


def _add(store: Store, voice: FileVoice, takes: _Takes, clash: Clash, spec: EncoderSpec) -> Imported:
    """Inside a transaction."""
    name, here, wanted = _place(store, voice, takes, clash)
    if here is not None and not wanted:
        return Imported(here.name, "nothing", 0, 0, 0, voice.name)
    action: Literal["made", "merged", "renamed"] = "merged" if here is not None else "made" if name == voice.name else "renamed"
    target = here or store.voices.create(name, voice.colour)
    for new, wav in wanted:
        known = store.voices.find_take(target.id, new.sha256)
        if known is not None:  # the same take, in the space of another encoder
            store.voices.add_samples(known.id, new.spec, new.samples, new.spans)
            continue
        recording = None
        if wav and new.consent_at is not None:
            recording = store.voices.keep_recording(target.id, new.sha256, wav)
        store.voices.add_take(target.id, replace(new, recording=recording))
    if any(new.samples for new, _ in wanted):
        store.voices.set_state(target.id, "enrolled")
    return Imported(target.name, action, len({new.sha256 for new, _ in wanted}), sum(len(new.samples) for new, _ in wanted),
                    sum(len(new.samples) for new, _ in wanted if new.spec != spec), voice.name)


def _names(name: str) -> Iterator[str]:
    """What a voice of a file may be called here, in the order in which it is tried. One that has a label of the program's own is
    kept under another name, unless there is a voice here that has that label, too."""
    free = f"Imported {name}" if is_label(name) else name
    yield from dict.fromkeys((name, free))
    yield from (f"{free} ({number})" for number in count(2))


def _missing(store: Store, here: Voice | None, takes: _Takes) -> _Takes:
    """The takes that a voice does not have; all of them where there is no voice."""
    if here is None:
        return takes
    return [(new, wav) for new, wav in takes if new.sha256 not in store.voices.take_hashes(here.id, new.spec)]


def _recording(store: Store, take_id: int) -> bytes:
    try:
        return store.voices.recording(take_id)
    except EnrollmentError:  # the file is gone; the vectors are what counts
        return b""
