"""Files as people have them: what phones, recorders, browsers and cameras write."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.audio import files
from engine.errors import DecodeError
from engine.records import FloatArray
from tests.made_sounds import encode, speech_like

ROOT = Path(__file__).parents[3]
SECONDS = 3.0
KINDS = [
    ("memo.m4a", "ipod", "aac", 44100, "aac"), ("apple.m4a", "ipod", "alac", 16000, "alac"),
    ("a.aac", "adts", "aac", 16000, "aac"), ("a.wma", "asf", "wmav2", 44100, "wma"),
    ("a.webm", "webm", "libopus", 48000, "opus"), ("a.mka", "matroska", "libopus", 48000, "opus"),
    ("a.mkv", "matroska", "flac", 16000, "flac"), ("a.mov", "mov", "pcm_s16le", 16000, "mov"),
    ("a.mp4", "mp4", "aac", 48000, "aac"), ("a.3gp", "3gp", "aac", 16000, "aac"),
    ("a.amr", "amr", "libopencore_amrnb", 8000, "amr"), ("a.ac3", "ac3", "ac3", 48000, "ac3"),
    ("a.eac3", "eac3", "eac3", 48000, "eac3"), ("a.wv", "wv", "wavpack", 16000, "wavpack"),
    ("a.tta", "tta", "tta", 16000, "tta"), ("a.avi", "avi", "libmp3lame", 16000, "mp3"),
    ("a.flv", "flv", "libmp3lame", 44100, "mp3"), ("a.mp2", "mp2", "mp2", 16000, "mp2"),
    ("a.wav", "wav", "libmp3lame", 16000, "mp3"), ("adpcm.wav", "wav", "adpcm_ima_wav", 16000, "wav"),
    ("old.mp3", "mp3", "libmp3lame", 44100, "mp3")]


def alike(found: FloatArray, ideal: FloatArray) -> float:
    """The greatest correlation of two sounds, whatever delay a codec puts in."""
    size = 1 << (len(found) + len(ideal)).bit_length()
    cross = np.fft.irfft(np.fft.rfft(found, size) * np.conj(np.fft.rfft(ideal, size)), size)
    return float(np.abs(cross).max() / np.sqrt(float(np.dot(found, found)) * float(np.dot(ideal, ideal))))


@pytest.mark.parametrize(("name", "container", "codec", "rate_hz", "called"), KINDS)
def test_it_is_read_as_it_was_written(tmp_path: Path, name: str, container: str, codec: str, rate_hz: int, called: str) -> None:
    path, sound = tmp_path / name, speech_like(SECONDS, rate_hz)
    encode(path, container, codec, sound, rate_hz)
    whole, header = files.read(path), files.info(path)
    assert alike(whole.samples, sound) > (0.5 if called == "amr" else 0.85)
    assert whole.duration_s == pytest.approx(SECONDS, abs=0.15) and header.duration_s == pytest.approx(whole.duration_s, abs=0.05)
    assert (header.format, header.channels, header.rate_hz) == (called, 1, whole.rate_hz) and path.suffix in files.SUFFIXES
    assert np.array_equal(np.concatenate(list(files.stream(path, block_s=0.7))), whole.samples)
    stretch = files.read(path, start_s=1.234, duration_s=0.8)
    first = round(1.234 * whole.rate_hz)
    assert np.array_equal(stretch.samples, whole.samples[first : first + round(0.8 * whole.rate_hz)])
    with pytest.raises(DecodeError, match="there is nothing at 9"):
        files.read(path, start_s=9)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.opus", "a.mp3", "a.aiff", "a.au", "a.caf", "a.w64"])
@pytest.mark.parametrize("start_s", [0.0213, 1.234, 4.9])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_stretch_is_the_same_as_in_the_whole(tmp_path: Path, name: str, start_s: float, channels: int) -> None:
    sound = np.stack([speech_like(8, 16000, seed) for seed in range(channels)], axis=1)
    soundfile.write(tmp_path / name, sound, 16000, **({"format": "OGG", "subtype": "OPUS"} if name == "a.opus" else {}))
    whole, stretch = files.read(tmp_path / name), files.read(tmp_path / name, start_s=start_s, duration_s=1.5)
    first = round(start_s * whole.rate_hz)
    assert np.allclose(stretch.samples, whole.samples[first : first + round(1.5 * whole.rate_hz)], atol=1e-5)


@pytest.mark.parametrize(("name", "container", "codec"), [
    ("a.m4a", "ipod", "aac"), ("a.webm", "webm", "libopus"), ("a.wma", "asf", "wmav2"),
    ("a.mkv", "matroska", "flac"), ("a.aac", "adts", "aac"), ("a.tta", "tta", "tta")])
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
def test_a_file_that_is_cut_off_is_refused(tmp_path: Path, name: str, container: str, codec: str, kept: float) -> None:
    path = tmp_path / name
    encode(path, container, codec, speech_like(SECONDS, 48000), 48000)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(DecodeError, match=r"cut off|damaged"):
        files.read(path)
    with pytest.raises(DecodeError, match=r"cut off|damaged"):
        list(files.stream(path, 16000))


@pytest.mark.parametrize(("name", "container", "codec"), [
    ("a.mp4", "mp4", "aac"), ("a.mkv", "matroska", "libopus"), ("a.avi", "avi", "libmp3lame")])
def test_the_sound_of_a_film(tmp_path: Path, name: str, container: str, codec: str) -> None:
    sound = speech_like(SECONDS, 48000)
    encode(tmp_path / name, container, codec, sound, 48000, film=True)
    assert alike(files.read(tmp_path / name).samples, sound) > 0.85
    assert files.info(tmp_path / name).duration_s == pytest.approx(SECONDS, abs=0.15)


def test_a_film_in_pieces_as_browsers_record_it(tmp_path: Path) -> None:
    """No length in the header: an mp4 of fragments, a webm that was written to a pipe."""
    sound = speech_like(SECONDS, 48000)
    encode(tmp_path / "a.mp4", "mp4", "aac", sound, 48000, {"movflags": "frag_keyframe+empty_moov+default_base_moof"})
    encode(tmp_path / "a.webm", "webm", "libopus", sound, 48000, {"live": "1"})
    for path in sorted(tmp_path.iterdir()):
        assert files.info(path).duration_s == pytest.approx(SECONDS, abs=0.1), path
        assert files.read(path).duration_s == pytest.approx(SECONDS, abs=0.1), path
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) * 2 // 3])
        with pytest.raises(DecodeError, match=r"cut off|damaged"):
            files.read(path)


def test_without_the_package_it_is_refused_in_a_sentence_and_the_rest_is_read(tmp_path: Path, monkeypatch) -> None:
    encode(tmp_path / "a.m4a", "ipod", "aac", speech_like(1, 16000), 16000)
    soundfile.write(tmp_path / "a.wav", speech_like(1, 16000), 16000)
    soundfile.write(tmp_path / "a.mp3", speech_like(1, 16000), 16000)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(DecodeError, match=r"with the package “av”, which is not there\. Install it with: pip install"):
        files.info(tmp_path / "a.m4a")
    assert files.read(tmp_path / "a.wav").duration_s == files.read(tmp_path / "a.mp3").duration_s == 1


@pytest.mark.parametrize("text", [
    "ffconcat version 1.0\nfile '{0}'\n", "#EXTM3U\n#EXTINF:3,\n{0}\n#EXT-X-ENDLIST\n",
    "<?xml version='1.0'?><MPD><BaseURL>{0}</BaseURL></MPD>", "v=0\no=- 0 0 IN IP4 127.0.0.1\nm=audio 9 RTP/AVP 0\n"])
@pytest.mark.parametrize("suffix", [".m4a", ".mp3", ".webm", ".aac"])
def test_a_list_of_other_files_is_no_sound(tmp_path: Path, text: str, suffix: str) -> None:
    soundfile.write(tmp_path / "a.wav", speech_like(1, 16000), 16000)
    (tmp_path / f"list{suffix}").write_text(text.format(tmp_path / "a.wav"))
    with pytest.raises(DecodeError, match="not a sound file"):
        files.read(tmp_path / f"list{suffix}")


def test_heavy_packages_are_not_loaded_for_usual_files(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.flac", speech_like(1, 16000), 16000)
    code = "import sys; from engine.audio import files; files.read(sys.argv[1]); print('av' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "a.flac"], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "False"


def test_nothing_but_what_the_program_says_appears(tmp_path: Path) -> None:
    """The decoders' own words about damaged files stay away from the terminal."""
    for name, container, codec in (("a.m4a", "ipod", "aac"), ("a.webm", "webm", "libopus"), ("a.aac", "adts", "aac")):
        encode(tmp_path / name, container, codec, speech_like(SECONDS, 48000), 48000)
    soundfile.write(tmp_path / "a.mp3", speech_like(SECONDS), 16000)
    sound = (tmp_path / "a.mp3").read_bytes()
    (tmp_path / "a.mp3").write_bytes(b"ID3\x03\x00\x00\x00\x00\x07\x68" + bytes(range(1, 256)) * 400 + sound)
    rng = np.random.default_rng(0)
    for path in sorted(tmp_path.glob("a.[mwa][4ea][abc]*")):
        data = bytearray(path.read_bytes())
        for at in rng.integers(len(data) // 3, len(data), 40):
            data[at] ^= 0x55
        path.write_bytes(data)
    code = ("import sys; from engine.audio import files; from engine.errors import DecodeError\n"
            "for path in sys.argv[1:]:\n"
            "    try: print(path, files.read(path).duration_s)\n"
            "    except DecodeError as error: print(error)\n")
    done = subprocess.run([sys.executable, "-c", code, *sorted(tmp_path.iterdir())], capture_output=True, text=True, check=True,
                          cwd=ROOT)
    assert done.stderr == "" and len(done.stdout.splitlines()) == 4


@pytest.mark.parametrize("suffix", ["m4a", "webm"])
def test_long_files_in_bounded_memory(tmp_path: Path, suffix: str) -> None:
    path, container, codec = tmp_path / f"a.{suffix}", {"m4a": "ipod"}.get(suffix, suffix), {"m4a": "aac"}.get(suffix, "libopus")
    encode(path, container, codec, np.tile(speech_like(20, 16000), 30), 16000)
    code = ("import resource, sys; from engine.audio import files;"
            "blocks = files.stream(sys.argv[1], 16000); n = len(next(blocks));"
            "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; n += sum(len(block) for block in blocks);"
            "print(n, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)")
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True, cwd=ROOT)
    samples, grown_kb = map(int, done.stdout.split())
    assert samples == pytest.approx(600 * 16000, abs=2000) and grown_kb < 12_000  # the whole would be 38 MB
