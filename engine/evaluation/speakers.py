"""How well voices are told apart: verification and identification on a folder of utterances.

Verification: trials are all unordered pairs of utterances, cosine; EER interpolated, minDCF at P = 0.01 with costs 1.
Identification: 1, 3 and 5 utterances a speaker are enrolled, twenty seeded draws, all others are queries.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from engine.audio import files
from engine.encoders.protocols import VoiceEncoder
from engine.errors import AudioError, EncoderError, UsageError
from engine.evaluation import data
from engine.index import unit_mean
from engine.metrics import intervals, verification
from engine.records import Audio, Embedding, Failure, FloatArray
from engine.tasks import Ticket

ENROLL = (1, 3, 5)
DRAWS = 20
BATCH = 8  # utterances embedded together
BACKEND = "cosine to centroid"


def evaluate(folder: Path, encoder: VoiceEncoder, seed: int = 7, ticket: Ticket | None = None) -> dict[str, Any]:
    """Measure an encoder on a folder with a sub-folder a speaker. Returns the document of `evaluate speakers --json`.

    Whole utterances are embedded as they are. Files that cannot be read are named under `failed` and left out.
    x_real_time: seconds of sound a second of work, decoding included. Raises UsageError when there is too little.
    """
    ticket = ticket or Ticket()
    items = data.utterances(folder)
    began = time.perf_counter()
    vectors, names, audio_s, failed = _embed(items, encoder, ticket)
    wall_s = time.perf_counter() - began
    speakers = sorted(set(names))
    labels = np.array([speakers.index(n) for n in names])
    counts = np.bincount(labels, minlength=1) if len(labels) else np.zeros(1, int)
    if len(speakers) < 2 or counts.max() < 2:
        raise UsageError(f"{folder} needs at least two speakers, and two utterances of one of them, that can be read.")
    first, second = np.triu_indices(len(labels), 1)
    similarity = (vectors @ vectors.T)[first, second]
    same = labels[first] == labels[second]
    rate, threshold = verification.eer(similarity[same], similarity[~same])
    return {
        "speakers": len(speakers), "utterances": len(labels),
        "trials": {"genuine": int(same.sum()), "impostor": int((~same).sum())},
        "eer": rate, "eer_threshold": threshold, "min_dcf": verification.min_dcf(similarity[same], similarity[~same]),
        "identification": [row for count in ENROLL if (row := identification(vectors, labels, count, seed))],
        "x_real_time": audio_s / wall_s, "audio_s": audio_s, "wall_s": wall_s,
        "encoder": {"name": encoder.spec.name, "version": encoder.spec.version, "dim": encoder.spec.dim},
        "failed": [{"file": str(f.path.absolute()), "error": f.reason} for f in failed],
    }


def identification(vectors: FloatArray, labels: np.ndarray[Any, Any], count: int, seed: int) -> dict[str, Any] | None:
    """Closed-set identification by the nearest centroid of `count` enrolled utterances.

    vectors: float32 (n, dim), unit rows; labels: int (n,). Speakers with no utterance left over enroll but ask nothing.
    Returns None where no speaker has more than `count` utterances. ci95: bootstrap over speakers.
    """
    speakers = [s for s in np.unique(labels) if (labels == s).sum() >= count]
    if not any((labels == s).sum() > count for s in speakers) or len(speakers) < 2:
        return None
    rng = np.random.default_rng([seed, count])
    right, asked = [], []
    for _ in range(DRAWS):
        enrolled = {s: rng.permutation(np.flatnonzero(labels == s))[:count] for s in speakers}
        centroids = np.array([unit_mean(vectors[rows]) for rows in enrolled.values()])
        taken = np.concatenate(list(enrolled.values()))
        queries = np.setdiff1d(np.flatnonzero(np.isin(labels, speakers)), taken)
        nearest = np.array(speakers)[np.argmax(vectors[queries] @ centroids.T, axis=1)]
        right.append(nearest == labels[queries])
        asked.append(labels[queries])
    hits, groups = np.concatenate(right).astype(float), np.concatenate(asked)
    return {"enroll": count, "backend": BACKEND, "top1": float(hits.mean()),
            "ci95": list(intervals.bootstrap_ci95(hits, seed=seed, groups=groups.tolist())), "trials": len(hits)}


def _embed(items: list[data.Labelled], encoder: VoiceEncoder,
           ticket: Ticket) -> tuple[FloatArray, list[str], float, list[Failure]]:
    rows: list[FloatArray] = []
    names: list[str] = []
    failed: list[Failure] = []
    audio_s = 0.0
    for start in range(0, len(items), BATCH):
        ticket.report(start, len(items), "", "utterances")
        part: list[tuple[data.Labelled, Audio]] = []
        for item in items[start:start + BATCH]:
            try:
                part.append((item, files.read(item.path)))
            except AudioError as error:
                failed.append(Failure(item.path, getattr(error, "reason", str(error))))
        for item, audio, embedding in _embedded(part, encoder, failed):
            rows.append(embedding.vector)
            names.append(item.label)
            audio_s += audio.duration_s
    ticket.report(len(items), len(items), "", "utterances")
    return np.array(rows, np.float32), names, audio_s, failed


def _embedded(part: list[tuple[data.Labelled, Audio]], encoder: VoiceEncoder,
              failed: list[Failure]) -> list[tuple[data.Labelled, Audio, Embedding]]:
    """Embed utterances together; where one of them cannot be, each alone, so that only that one fails."""
    try:
        together = encoder.embed_many([audio for _, audio in part])
        return [(item, audio, embedding) for (item, audio), embedding in zip(part, together, strict=True)]
    except EncoderError:
        done = []
    for item, audio in part:
        try:
            done.append((item, audio, encoder.embed(audio)))
        except EncoderError as error:
            failed.append(Failure(item.path, str(error)))
    return done
