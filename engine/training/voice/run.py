"""The run of `train voice`: a folder of strangers → resources/cohort. Every stage is a record, one JSON line each."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from engine.encoders.protocols import VoiceEncoder
from engine.errors import UsageError
from engine.tasks import Ticket
from engine.training.voice import calibrating, material
from engine.training.voice.statistics import Shape, recognisable, statistics
from engine.voices import cohort
from engine.voices.backends import all_backends

SHARE = 0.5
LEAST_PEOPLE = 20


def train(data: Path, out: Path, encoder: VoiceEncoder, name: str, seed: int, also: Path | None = None,
          share: float = SHARE, shape: Shape | None = None, ticket: Ticket | None = None,
          rule: calibrating.Rule | None = None) -> Iterator[dict[str, Any]]:
    """Make the statistics from a drawn share of the people in `data`; the others are kept for tests.

    name: of the encoder, and of the files. also: people with several recordings each, who help to set scales and calibrations
    and are in no statistics. shape: what is kept. rule: of the thresholds. Raises UsageError.
    """
    ticket = ticket or Ticket()
    began = time.monotonic()
    if not 0 < share <= 1:
        raise UsageError("The share of people to use lies above 0 and is at most 1.")
    rule, shape = rule or calibrating.Rule(), shape or Shape()
    if not 0 < rule.false_accepts < 0.5:
        raise UsageError("The share of strangers that a threshold lets in lies above 0 and below 0.5.")
    everybody = material.listed(data)
    order = np.random.default_rng(seed).permutation(len(everybody))
    count = max(LEAST_PEOPLE, round(share * len(everybody)))
    members = list(material.people([everybody[i] for i in order[:count]], encoder, seed, ticket))
    if len(members) < LEAST_PEOPLE:
        raise UsageError(f"{data} has {len(members)} people with enough speech; {LEAST_PEOPLE} are needed.")
    others = material.whole([everybody[i] for i in order[count:]], encoder)
    helpers = list(material.people(material.listed(also), encoder, seed, ticket)) if also else []
    vectors = np.concatenate([p.variety for p in members])
    owners = np.repeat(np.arange(len(members)), [len(p.variety) for p in members])
    yield {"stage": "data", "people": len(members), "kept_for_tests": len(others), "also": len(helpers),
           "vectors": len(vectors), "seconds": time.monotonic() - began}
    kept = statistics(vectors, owners, calibrating.changes_of(members), shape)
    scales, calibrations, measured = {}, {}, {}
    for backend in all_backends():
        judged = calibrating.judge(backend, members, helpers, seed, shape, rule)
        scales[backend.name], calibrations[backend.name] = judged.scale, judged.calibration
        measured[backend.name] = {"eer": judged.eer, "min_dcf": judged.min_dcf, "cllr": judged.cllr,
                                  "genuine": judged.trials[0], "strangers": judged.trials[1]}
        yield {"stage": "backend", "backend": backend.name, "threshold": judged.scale.middle, "width": judged.scale.width,
               "by_length": judged.scale.by_length, "by_noise": judged.scale.by_noise,
               **measured[backend.name], "seconds": time.monotonic() - began}
    found = None
    if len(others):
        found = recognisable(kept, np.array([p.whole for p in members]), others, seed)
    files = cohort.save(out, name, encoder.spec, kept, scales, calibrations,
                        [d for p in members for d in p.digests],
                        {"seed": seed, "people": len(members), "kept_for_tests": len(others), "vectors": len(vectors),
                         "rank_within": shape.within, "rank_between": shape.between, "rank_channel": shape.channel,
                         "false_accepts": rule.false_accepts, "plain": rule.plain,
                         "measured": measured, "recognisable": found})
    yield {"stage": "done", "files": [str(f.absolute()) for f in files], "recognisable": found,
           "seconds": time.monotonic() - began}
