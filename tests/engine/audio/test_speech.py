"""Silero VAD finds speech, and streams never mix."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import numpy as np
import pytest

from engine.audio import files
from engine.audio.speech import CHUNK, SpeechDetector
from engine.records import Audio, FloatArray


@pytest.fixture(scope="module")
def detector() -> SpeechDetector:
    return SpeechDetector()


@pytest.fixture
def utterance(shared_data: Path) -> Audio:
    return files.read(sorted((shared_data / "speech" / "librispeech-10x10").glob("*/*.flac"))[0])


def noise(n: int) -> FloatArray:
    return (np.random.default_rng(0).standard_normal(n) * 0.05).astype(np.float32)


def test_loading_leaves_torchs_threads_alone() -> None:
    import subprocess
    import sys

    code = ("import torch; before = torch.get_num_threads(); from engine.audio.speech import SpeechDetector; "
            "SpeechDetector(); print(before == torch.get_num_threads())")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                          cwd=Path(__file__).parents[3])
    assert done.stdout.strip() == "True" and done.stderr == ""


@pytest.mark.parametrize("n", [0, 1, 511, 80000])
def test_no_speech_in_nothing_and_in_noise(detector: SpeechDetector, n: int) -> None:
    assert detector.spans(Audio(noise(n), 16000)) == []
    assert detector.spans(Audio(np.zeros(n, dtype=np.float32), 44100)) == []


@pytest.mark.shared_data
@pytest.mark.parametrize("rate_hz", [16000, 48000])
def test_speech_between_silences_is_found_where_it_is(
        detector: SpeechDetector, utterance: Audio, rate_hz: int) -> None:
    from engine.audio.resample import resample

    padded = np.concatenate([noise(32000) / 50, utterance.samples, noise(32000) / 50])
    spans = detector.spans(Audio(resample(padded, 16000, rate_hz), rate_hz))
    assert 1.9 < spans[0].start_s < 3
    assert 2 + utterance.duration_s - 1.5 < spans[-1].end_s < 2.3 + utterance.duration_s
    assert all(a.end_s <= b.start_s for a, b in itertools.pairwise(spans))
    assert sum(span.duration_s for span in spans) > 0.5 * utterance.duration_s


@pytest.mark.shared_data
def test_blocks_of_any_size_give_the_same_probabilities(detector: SpeechDetector, utterance: Audio) -> None:
    stream = detector.stream()
    whole = stream.push(utterance.samples)
    assert len(whole) == len(utterance.samples) // CHUNK and max(whole) > 0.9
    stream.reset()
    parts = [p for at in range(0, len(utterance.samples), 777) for p in stream.push(utterance.samples[at : at + 777])]
    assert np.allclose(parts, whole, atol=1e-6)


@pytest.mark.shared_data
def test_two_streams_and_the_detector_do_not_disturb_each_other(detector: SpeechDetector, utterance: Audio) -> None:
    alone = detector.stream().push(utterance.samples)
    one, other, mixed = detector.stream(), detector.stream(), []
    for at in range(0, len(utterance.samples), 1600):
        mixed += one.push(utterance.samples[at : at + 1600])
        other.push(noise(1600))
        if at == 16000:
            detector.spans(Audio(noise(16000), 16000))
    assert np.allclose(mixed, alone, atol=1e-6)


def test_a_chunk_takes_about_a_millisecond_at_most(detector: SpeechDetector) -> None:
    stream = detector.stream()
    stream.push(noise(CHUNK * 20))
    times = []
    for _ in range(50):
        began = time.perf_counter()
        stream.push(noise(CHUNK))
        times.append(time.perf_counter() - began)
    assert float(np.median(times)) < 0.003  # 0.4 ms measured; the bound leaves room for a busy machine


def test_other_threads_keep_their_torch_threads(detector: SpeechDetector) -> None:
    """The net runs on one core; everything else in the process, and all that starts later, on as many as before."""
    import threading

    import torch

    assert detector._streams.submit(torch.get_num_threads).result() == 1
    seen: list[int] = []
    other = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
    other.start()
    other.join()
    assert seen == [torch.get_num_threads()]
    detector.stream().push(noise(CHUNK))
    assert seen == [torch.get_num_threads()]
