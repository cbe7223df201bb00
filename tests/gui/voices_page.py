"""What tests of the Voices page share: a page on an Earmark in memory, and voices that can be measured."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.records import Embedding, Sample
from engine.voices.calibration import OwnCalibration, calibrate
from engine.voices.choice import choose
from gui.pages.voices import VoicesPage
from tests.gui.fakes import unit

Make = Callable[[], VoicesPage]


def measured(voices: int = 6, takes: int = 6, spread: float = 0.16) -> OwnCalibration:
    """The engine's own measurement of made-up samples: two a take, around a direction a voice."""
    rng = np.random.default_rng(3)
    samples: list[Sample] = []
    for voice in range(voices):
        centre = unit(rng.normal(size=24) + 1.2)
        for take in range(takes):
            for _ in range(2):
                vector = unit(centre + rng.normal(0, spread, 24))
                samples.append(Sample(len(samples) + 1, voice * 100 + take, voice, Embedding(vector, 1.7), 3.0, 0.9))
    return calibrate(samples, choose("cosine", None))
