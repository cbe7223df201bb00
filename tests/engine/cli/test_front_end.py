"""Recordings that came out wrong before: offsets, loud floats, a telephone's band."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy.signal import resample_poly

from engine.audio import files
from tests.engine.cli.test_schemas import check
from tests.true_models import spoken, write_takes

SAID = "telephone’s band"


def by_telephone(path: Path, voice: int, take: int, rate_hz: int = 16_000) -> Path:
    low = resample_poly(spoken(voice, take).samples, 1, 2)
    soundfile.write(path, low if rate_hz == 8_000 else resample_poly(low, rate_hz // 100, 80), rate_hz)
    return path


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100])
def test_a_telephones_band_is_told_where_nobody_is_named_and_where_a_take_is_enrolled(run, tmp_path, rate_hz):
    takes = write_takes(tmp_path, 1, 3)
    assert SAID not in run("voices", "enroll", "Anna", *takes[:2]).out
    full, narrow = run("voices", "identify", takes[2], "--json"), by_telephone(tmp_path / "call.wav", 4, 0, rate_hz)
    check("voices identify", full.document)
    assert full.document["band"] == "full"
    assert SAID not in run("voices", "identify", takes[2]).out
    asked = run("voices", "identify", narrow, "--json")
    check("voices identify", asked.document)
    assert (asked.document["band"], asked.document["voice"]) == ("narrow", None)
    assert SAID in run("voices", "identify", narrow).out
    assert SAID in run("voices", "enroll", "Dora", narrow).out
    named = run("voices", "identify", narrow)
    assert named.out.startswith("call.wav: Dora") and SAID not in named.out


@pytest.mark.parametrize(("rate_hz", "band"), [(8_000, "narrow"), (16_000, "full")])
def test_of_silence_too_a_band_is_told(run, tmp_path, rate_hz, band):
    soundfile.write(tmp_path / "silence.wav", np.zeros(rate_hz, np.float32), rate_hz)
    document = run("voices", "identify", tmp_path / "silence.wav", "--json").document
    check("voices identify", document)
    assert (document["status"], document["band"]) == ("too-short", band)


@pytest.fixture
def cases(shared_data):
    return shared_data / "cases"


@pytest.mark.shared_data
def test_the_case_of_an_offset(run, cases, tmp_path):
    assert run("voices", "enroll", "A", *sorted((cases / "_voices").glob("a*.wav"))).code == 0
    assert run("voices", "enroll", "B", *sorted((cases / "_voices").glob("b*.wav"))).code == 0
    heard = files.read(cases / "dc-offset" / "speech_dc30.wav")
    soundfile.write(tmp_path / "plain.wav", heard.samples - heard.samples.mean(), heard.rate_hz, subtype="FLOAT")
    plain, moved = run("voices", "identify", tmp_path / "plain.wav", cases / "dc-offset" / "speech_dc30.wav", "--json").document
    assert (plain["voice"], moved["voice"]) == ("A", "A")
    assert moved["similarity"] == pytest.approx(plain["similarity"], abs=0.05)
    accepted = run("voices", "enroll", "A", cases / "dc-offset" / "speech_dc02.wav", "--json")
    assert (accepted.code, len(accepted.document["takes"])) == (0, 1)


@pytest.mark.shared_data
def test_the_case_of_peaks_beyond_full_scale(run, cases, tmp_path):
    assert run("voices", "enroll", "A", *sorted((cases / "_voices").glob("a*.wav"))).code == 0
    assert run("voices", "enroll", "B", *sorted((cases / "_voices").glob("b*.wav"))).code == 0
    path = cases / "level-loud" / "loud_p12dB.wav"
    heard = files.read(path)
    soundfile.write(tmp_path / "plain.wav", heard.samples / 8, heard.rate_hz)
    plain, loud = run("voices", "identify", tmp_path / "plain.wav", path, "--json").document
    assert (plain["voice"], loud["voice"]) == ("A", "A")
    assert loud["similarity"] == pytest.approx(plain["similarity"], abs=0.05)
    accepted = run("voices", "enroll", "A", path, "--json")
    assert accepted.code == 0
    assert [take["clipped"] for take in accepted.document["takes"]] == [0]


@pytest.mark.shared_data
def test_the_case_of_a_telephone(run, shared_data, tmp_path):
    """The right name, or a word about the band."""
    from scipy.signal import firwin

    line = firwin(1_023, [300, 3_400], pass_zero=False, fs=16_000)
    for reader in ("1688", "2033"):
        paths = sorted((shared_data / "speech" / "librispeech-10x10" / reader).glob("*.flac"))
        run("voices", "enroll", reader, *paths[:2])
        samples, rate_hz = soundfile.read(paths[3], dtype="float32")
        soundfile.write(tmp_path / f"{reader}.wav", np.convolve(samples, line, "same"), rate_hz)
        said = run("voices", "identify", tmp_path / f"{reader}.wav")
        assert said.out.startswith(f"{reader}.wav: {reader}") or SAID in said.out
        assert run("voices", "identify", tmp_path / f"{reader}.wav", "--json").document["band"] == "narrow"
