"""A workspace with a voice in it, and a keyring of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import keyring
import numpy as np
import pytest

from engine.audio import files
from engine.records import Audio, Embedding, EncoderSpec, Voice
from engine.store import NewTake, Store
from tests.keyring_in_a_folder import FolderKeyring
from tests.traces import Value

SPEC = EncoderSpec("small", "1", "ab" * 32, "voice", 64, 16000)
OTHER = EncoderSpec("other", "2", "cd" * 32, "voice", 32, 16000)
NOW = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)
PASSPHRASE = "seven words are easy to remember"


@pytest.fixture(autouse=True)
def folder_keyring(tmp_path: Path) -> Iterator[FolderKeyring]:
    before = keyring.get_keyring()
    ours = FolderKeyring(tmp_path / "keyring")
    keyring.set_keyring(ours)
    yield ours
    keyring.set_keyring(before)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Closed, plain, with Anna (two takes, one with its recording) and Bert."""
    with Store(tmp_path / "workspace") as store:
        anna, bert = store.voices.create("Anna Wintergreen"), store.voices.create("Bert Oakenshaw")
        add_take(store, anna, 1, keep=True)
        add_take(store, anna, 2)
        add_take(store, bert, 3, keep=True)
        for voice in (anna, bert):
            store.voices.set_state(voice.id, "enrolled")
    return tmp_path / "workspace"


def vectors_of(seed: int, spec: EncoderSpec = SPEC, n: int = 3) -> np.ndarray:
    """float32 (n, dim), unit rows."""
    made = np.random.default_rng(seed).normal(size=(n, spec.dim)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def sound_of(seed: int) -> Audio:
    return Audio((np.random.default_rng(seed).normal(size=4000) * 0.1).astype(np.float32), 16_000)


def add_take(store: Store, voice: Voice, seed: int, keep: bool = False, spec: EncoderSpec = SPEC) -> None:
    sha256 = f"{seed:064x}"
    with store.writing():
        recording = store.voices.keep_recording(voice.id, sha256, files.wav_bytes(sound_of(seed))) if keep else None
        store.voices.add_take(voice.id, NewTake(
            f"{voice.name} {seed}.wav", sha256, NOW, 3.0, 2.5, -21.0, 30.0, 0, recording, NOW if keep else None, spec,
            [(Embedding(vector, 2.0), 1.25) for vector in vectors_of(seed, spec)]))


def contents(store: Store, spec: EncoderSpec = SPEC) -> list[object]:
    """Everything private, as it is read: names, sources, vectors, recordings."""
    found: list[object] = []
    for voice in store.voices.list():
        found.append((voice.name, voice.state, voice.colour))
        for take in store.voices.takes(voice.id):
            wav = None if take.recording is None else store.voices.recording(take.id)
            found.append((take.source, take.recorded_at, take.consent_at, wav))
        found += [sample.embedding.vector.tobytes() for sample in store.voices.samples(spec, voice.id)]
    return found


def secrets() -> list[Value]:
    """What tells who was enrolled, or how they sound."""
    return [*(vector for seed in (1, 2, 3) for vector in vectors_of(seed)),
            *(files.wav_bytes(sound_of(seed))[44:400] for seed in (1, 3)), "Wintergreen", "Oakenshaw"]
