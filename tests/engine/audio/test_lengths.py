"""The content's own length counts, never a header's: wrong, missing and unfinished headers, in every container."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.audio import files
from engine.errors import DecodeError
from engine.records import FloatArray
from tests.made_sounds import encode, speech_like

RATE_HZ = 16000
SECONDS = 3.0
CONTAINERS = [("a.wav", "WAV", "PCM_16"), ("a.wav", "WAV", "FLOAT"), ("a.wav", "WAVEX", "PCM_24"), ("a.wav", "WAV", "ULAW"),
              ("a.rf64", "RF64", "PCM_16"), ("a.w64", "W64", "PCM_16"), ("a.aiff", "AIFF", "PCM_16"), ("a.aifc", "AIFF", "FLOAT"),
              ("a.caf", "CAF", "PCM_24"), ("a.au", "AU", "PCM_16")]
EVERY = pytest.mark.parametrize(("name", "container", "subtype"), CONTAINERS)


def made(path: Path, container: str, subtype: str, channels: int = 1) -> FloatArray:
    """Write a sound; what libsndfile reads from it, float32 (n, channels)."""
    sound = np.stack([speech_like(SECONDS, RATE_HZ, seed) for seed in range(channels)], axis=1)
    soundfile.write(path, sound, RATE_HZ, subtype=subtype, format=container)
    return np.asarray(soundfile.read(path, dtype="float32", always_2d=True)[0])


def size_field(data: bytes, container: str) -> tuple[int, str, int]:
    """(where the size of the samples stands, how, how much it counts besides them)."""
    if container in ("WAV", "WAVEX"):
        return data.index(b"data") + 4, "<I", 0
    if container == "RF64":
        return data.index(b"ds64") + 16, "<Q", 0
    if container == "W64":
        return data.index(b"data\xf3\xac") + 16, "<Q", 24
    if container == "AIFF":
        return data.index(b"SSND") + 4, ">I", 8
    return (data.index(b"data") + 4, ">q", 4) if container == "CAF" else (8, ">I", 0)


def samples_at(data: bytes, container: str) -> int:
    at, how, _ = size_field(data, container)
    if container == "RF64":
        return data.index(b"data") + 8
    if container == "AU":
        return int.from_bytes(data[4:8], "big")
    return at + struct.calcsize(how) + {"AIFF": 8, "CAF": 4}.get(container, 0)


def with_size(data: bytes, container: str, size: int, whole: int | None = None) -> bytes:
    """The file with another size of its samples; an aiff also with another number of frames. whole: the size of all that
    follows the first 8 bytes."""
    at, how, besides = size_field(data, container)
    found = bytearray(data)
    unsigned = size % (1 << 8 * struct.calcsize(how)) if how != ">q" else size
    struct.pack_into(how, found, at, size + besides if size >= 0 else unsigned)
    if container == "AIFF":
        place = data.index(b"COMM") + 8
        channels, _, bits = struct.unpack(">HIH", data[place : place + 8])
        struct.pack_into(">I", found, place + 2, max(0, size) // (channels * bits // 8) & 0xFFFFFFFF if size >= 0 else 0xFFFFFFFF)
    if whole is not None:
        struct.pack_into(how[0] + "I", found, 4, whole)
    return bytes(found)


def same(path: Path, ideal: FloatArray) -> None:
    """Read, streamed and told in the header alike: exactly these samples."""
    mono = ideal.mean(axis=1)
    assert np.allclose(files.read(path).samples, mono, atol=1e-6)
    assert files.info(path).duration_s == pytest.approx(len(ideal) / RATE_HZ, abs=1e-6)
    assert np.allclose(np.concatenate(list(files.stream(path, block_s=0.7))), mono, atol=1e-6)
    assert np.allclose(files.read(path, start_s=1, duration_s=0.5).samples, mono[RATE_HZ : RATE_HZ * 3 // 2], atol=1e-6)


@EVERY
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("extra", [b"", b"\x01"])
def test_a_recorder_that_died_leaves_a_size_of_0(tmp_path: Path, name: str, container: str, subtype: str, channels: int,
                                                 extra: bytes) -> None:
    """What is there is read to the end; bytes of a last frame that is not whole are dropped."""
    ideal = made(tmp_path / name, container, subtype, channels)
    data = (tmp_path / name).read_bytes()
    at = samples_at(data, container)
    if _width(subtype) * channels == 1:
        extra = b""  # it would be a frame
    whole = at - 8 if container not in ("W64", "CAF", "AU") else None
    (tmp_path / name).write_bytes(with_size(data, container, 0, whole)[: at + ideal.size * _width(subtype)] + extra)
    same(tmp_path / name, ideal)


@EVERY
@pytest.mark.parametrize("size", [-1, 0x7FFFFFFF, 0x7FFFFF00])
def test_a_file_written_to_a_pipe_has_a_size_that_means_unknown(tmp_path: Path, name: str, container: str, subtype: str,
                                                                size: int) -> None:
    if container in ("RF64", "W64", "CAF") and size > 0:
        size = 0x7FFFFFFFFFFFFF00 if container != "CAF" else -1
    ideal = made(tmp_path / name, container, subtype)
    (tmp_path / name).write_bytes(with_size((tmp_path / name).read_bytes(), container, size))
    same(tmp_path / name, ideal)


@EVERY
@pytest.mark.parametrize("more", ["riff", "header", 1])
def test_a_size_that_counts_the_header_too(tmp_path: Path, name: str, container: str, subtype: str, more: str | int) -> None:
    ideal = made(tmp_path / name, container, subtype)
    data = (tmp_path / name).read_bytes()
    at = samples_at(data, container)
    data = data[: at + ideal.size * _width(subtype)]
    much = {"riff": at - 8, "header": at}.get(str(more), 1)
    (tmp_path / name).write_bytes(with_size(data, container, len(data) - at + much))
    same(tmp_path / name, ideal)


@EVERY
@pytest.mark.parametrize("part", [0.01, 0.4, 0.999])
def test_a_size_that_is_smaller_than_the_sound(tmp_path: Path, name: str, container: str, subtype: str, part: float) -> None:
    """As a recorder leaves it that writes its header now and then, and as a size over 4 GB comes out in 32 bits."""
    ideal = made(tmp_path / name, container, subtype)
    data = (tmp_path / name).read_bytes()
    at = samples_at(data, container)
    data = data[: at + ideal.size * _width(subtype)]
    frames = int(len(ideal) * part)
    (tmp_path / name).write_bytes(with_size(data, container, frames * _width(subtype)))
    same(tmp_path / name, ideal)


@EVERY
@pytest.mark.parametrize("frames", [1, 2, 3])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_size_that_is_smaller_by_a_few_samples(tmp_path: Path, name: str, container: str, subtype: str, frames: int,
                                                 channels: int) -> None:
    """Fewer bytes than a chunk has; they are sound, to the last frame."""
    ideal = made(tmp_path / name, container, subtype, channels)
    data = (tmp_path / name).read_bytes()
    at, width = samples_at(data, container), _width(subtype) * channels
    data = data[: at + len(ideal) * width]
    if container != "AIFF" and width * frames == 1:
        frames = 4  # one byte is what fills up a chunk
    (tmp_path / name).write_bytes(with_size(data, container, (len(ideal) - frames) * width))
    same(tmp_path / name, ideal)


@pytest.mark.parametrize(("name", "container"), [("a.wav", "WAV"), ("a.wav", "WAVEX"), ("a.rf64", "RF64"), ("a.w64", "W64")])
@pytest.mark.parametrize("samples", [30_001, 30_003])
def test_what_fills_up_a_chunk_is_no_sound(tmp_path: Path, name: str, container: str, samples: int) -> None:
    soundfile.write(tmp_path / name, speech_like(3, RATE_HZ)[:samples], RATE_HZ, subtype="PCM_U8", format=container)
    assert len(files.read(tmp_path / name).samples) == samples
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data + b"\0" if len(data) % 2 else data)
    assert len(files.read(tmp_path / name).samples) == samples


@EVERY
@pytest.mark.parametrize("channels", [1, 2])
def test_a_frame_that_is_promised_and_not_whole_is_missing(tmp_path: Path, name: str, container: str, subtype: str,
                                                           channels: int) -> None:
    """Less than a frame is no sound, but the header counts this one: the file was cut off there."""
    ideal = made(tmp_path / name, container, subtype, channels)
    data = (tmp_path / name).read_bytes()
    at, width = samples_at(data, container), _width(subtype) * channels
    (tmp_path / name).write_bytes(data[: at + len(ideal) * width - 1])
    with pytest.raises(DecodeError, match=r"cut off or damaged: 2\.9999\d of 3\.00000 seconds could be read"):
        files.read(tmp_path / name)


@pytest.mark.parametrize(("name", "container", "subtype"), [
    ("a.wav", "WAV", "IMA_ADPCM"), ("a.wav", "WAV", "MS_ADPCM"), ("a.wav", "WAV", "GSM610"), ("a.w64", "W64", "IMA_ADPCM")])
def test_a_part_of_a_block_of_samples_is_sound_that_is_lost(tmp_path: Path, name: str, container: str, subtype: str) -> None:
    """A recorder that died left whole blocks: they are read. It left a part of one: refused, with what can be read."""
    soundfile.write(tmp_path / name, speech_like(3, RATE_HZ), RATE_HZ, subtype=subtype, format=container)
    data = (tmp_path / name).read_bytes()
    at = samples_at(data, container)
    unit = struct.unpack("<H", data[data.index(b"fmt ") + (36 if container == "W64" else 20) :][:2])[0]
    blocks = (len(data) - at) // unit // 2
    (tmp_path / name).write_bytes(with_size(data, container, 0)[: at + blocks * unit])
    whole = files.read(tmp_path / name)
    assert whole.duration_s == files.info(tmp_path / name).duration_s and 1 < whole.duration_s < 2
    (tmp_path / name).write_bytes(with_size(data, container, 0)[: at + blocks * unit + unit // 2])
    with pytest.raises(DecodeError, match=rf"cut off: only {whole.duration_s:.1f}"):
        files.read(tmp_path / name)
    assert files.read(tmp_path / name, duration_s=1).duration_s == 1


@pytest.mark.parametrize("behind", [b"LIST\x1a\0\0\0INFOISFT\x0e\0\0\0Lavf58.29.100\0", b"id3 \x05\0\0\0abcde\0",
                                    b"TAG" + b"title".ljust(125, b"\0"), b"LIST\xff\0\0\0INFO", b"\0\0"])
def test_what_follows_the_samples_is_no_sound(tmp_path: Path, behind: bytes) -> None:
    ideal = made(tmp_path / "a.wav", "WAV", "PCM_16")
    (tmp_path / "a.wav").write_bytes((tmp_path / "a.wav").read_bytes()[: 44 + 2 * len(ideal)] + behind)
    found = files.read(tmp_path / "a.wav").samples
    assert np.allclose(found[: len(ideal)], ideal[:, 0], atol=1e-6) and len(found) - len(ideal) <= (behind == b"\0\0")


@EVERY
@pytest.mark.parametrize("kept", [0.3, 0.97])
def test_a_file_that_is_really_cut_off_is_refused(tmp_path: Path, name: str, container: str, subtype: str, kept: float) -> None:
    made(tmp_path / name, container, subtype)
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(DecodeError, match=r"cut off or damaged: [0-9.]+ of 3\.00 seconds could be read"):
        files.read(tmp_path / name)
    assert files.read(tmp_path / name, duration_s=0.5).duration_s == pytest.approx(0.5)


def test_an_empty_sound_is_still_empty(tmp_path: Path) -> None:
    for name, container, subtype in CONTAINERS:
        soundfile.write(tmp_path / name, np.zeros((0, 1), np.float32), RATE_HZ, subtype=subtype, format=container)
        with pytest.raises(DecodeError, match=r"there is no sound in it|not a sound file"):
            files.read(tmp_path / name)


@pytest.mark.parametrize(("seconds", "channels"), [(0.2, 1), (3, 1), (11, 2)])
@pytest.mark.parametrize("tag", [b"", b"ID3\x03\0\0\0\0\0\x0a0123456789"])
@pytest.mark.parametrize("total", ["unknown", "less", "right"])
def test_flac_whose_header_is_wrong(tmp_path: Path, seconds: float, channels: int, tag: bytes, total: str) -> None:
    path = tmp_path / "a.flac"
    sound = np.stack([speech_like(seconds, RATE_HZ, seed) for seed in range(channels)], axis=1)
    soundfile.write(path, sound, RATE_HZ)
    ideal, _ = soundfile.read(path, dtype="float32", always_2d=True)
    data = bytearray(path.read_bytes())
    said = {"unknown": 0, "less": len(ideal) // 3, "right": len(ideal)}[total]
    data[21:26] = (int.from_bytes(data[21:26], "big") & ~((1 << 36) - 1) | said).to_bytes(5, "big")
    path.write_bytes(tag + data)
    assert np.allclose(files.read(path).samples, ideal.mean(axis=1), atol=1e-6)
    assert files.info(path).duration_s == pytest.approx(seconds, abs=1e-4)
    if seconds > 1:
        path.write_bytes((tag + data)[: len(data) * 2 // 3 + 3])
        with pytest.raises(DecodeError, match="cut off"):
            files.read(path)


@pytest.mark.parametrize("rate_hz", [16000, 44100])
def test_an_mp3_of_changing_bit_rate_that_says_no_length(tmp_path: Path, rate_hz: int) -> None:
    path, sound = tmp_path / "a.mp3", speech_like(8, rate_hz)
    sound[: 3 * rate_hz] = 0  # a first frame of few bits, from which libsndfile guesses
    soundfile.write(path, sound, rate_hz, bitrate_mode="VARIABLE", compression_level=0.4)
    whole = files.read(path)
    data = path.read_bytes()
    tagless = data[data.index(data[:2], 100) :]
    assert b"Xing" not in tagless and b"Info" not in tagless
    path.write_bytes(tagless)
    found = files.read(path)
    assert found.duration_s == pytest.approx(whole.duration_s, abs=0.15) and files.info(path).duration_s == pytest.approx(
        found.duration_s, abs=0.06)
    assert np.abs(found.samples[-3 * rate_hz :]).max() > 0.1
    half = tagless[: len(tagless) // 2]
    path.write_bytes(half[: half.rindex(tagless[:2]) + 40])  # in the middle of a frame
    with pytest.raises(DecodeError, match="cut off"):
        files.read(path)


@pytest.mark.parametrize("junk", [b"ID3\x03\0\0\0\0\x07\x68" + b"\0" * 100_000,
                                  b"ID3\x03\0\0\0\0\x07\x68" + bytes(range(256)) * 300,
                                  b"\0" * 70_000, b"RIFF" + bytes(range(200)), b"\xff\xfb\x90\x00" * 40])
def test_an_mp3_behind_something_else(tmp_path: Path, junk: bytes, capfd) -> None:
    """A tag that says it is smaller than it is, a picture, zeros: as players do, the first frames are looked for."""
    path = tmp_path / "a.mp3"
    soundfile.write(path, speech_like(4), RATE_HZ)
    whole = files.read(path)
    path.write_bytes(junk + path.read_bytes())
    found = files.read(path)
    assert found.duration_s == pytest.approx(4, abs=0.08) and files.info(path).duration_s == pytest.approx(4, abs=0.08)
    assert np.corrcoef(found.samples[8000:40000], whole.samples[8000:40000])[0, 1] > 0.99
    assert capfd.readouterr().err == ""


def test_mp3_in_wav_is_counted_and_not_guessed(tmp_path: Path) -> None:
    encode(tmp_path / "a.wav", "wav", "libmp3lame", speech_like(5), RATE_HZ)
    data = (tmp_path / "a.wav").read_bytes()
    at = data.index(b"fmt ") + 16
    (tmp_path / "a.wav").write_bytes(data[:at] + struct.pack("<I", 500) + data[at + 4 :])  # bytes a second: nonsense
    assert files.read(tmp_path / "a.wav").duration_s == pytest.approx(5, abs=0.15)
    assert files.info(tmp_path / "a.wav").duration_s == pytest.approx(5, abs=0.15)


def test_a_header_that_contradicts_itself_about_the_rate_is_refused(tmp_path: Path) -> None:
    made(tmp_path / "a.wav", "WAV", "PCM_16")
    data = bytearray((tmp_path / "a.wav").read_bytes())
    struct.pack_into("<I", data, 24, 16000 + 8192)
    (tmp_path / "a.wav").write_bytes(data)
    with pytest.raises(DecodeError, match="it speaks of 24,192 and of 16,000 samples a second"):
        files.read(tmp_path / "a.wav")


@pytest.mark.parametrize(("channels", "unit", "per_s", "reads"), [
    (9, 2, 32000, False), (2, 2, 32000, False), (1, 66, 97536, False), (1, 66, 32000, True), (1, 1, 32000, True)])
def test_a_header_that_contradicts_itself_about_frames(tmp_path: Path, channels: int, unit: int, per_s: int, reads: bool) -> None:
    """Three numbers say how large a frame is. Two against one are believed, others are damage."""
    ideal = made(tmp_path / "a.wav", "WAV", "PCM_16")
    data = bytearray((tmp_path / "a.wav").read_bytes())
    struct.pack_into("<H", data, 22, channels)
    struct.pack_into("<IH", data, 28, per_s, unit)
    (tmp_path / "a.wav").write_bytes(data)
    if reads:
        same(tmp_path / "a.wav", ideal)
        return
    with pytest.raises(DecodeError, match=f"it speaks of {channels} channels of 16 bits in {unit} bytes"):
        files.read(tmp_path / "a.wav")


@pytest.mark.parametrize("wrong", ["offset", "channels", "count", "count and all"])
def test_an_aiff_that_contradicts_itself(tmp_path: Path, wrong: str) -> None:
    ideal = made(tmp_path / "a.aiff", "AIFF", "PCM_16")
    data = bytearray((tmp_path / "a.aiff").read_bytes())
    common, sound = data.find(b"COMM") + 8, data.find(b"SSND") + 8
    if wrong == "offset":  # as if the samples began later, behind the end of which there is no room
        struct.pack_into(">I", data, sound, 16)
    elif wrong == "channels":
        struct.pack_into(">H", data, common, 3)
    else:
        struct.pack_into(">I", data, common + 2, len(ideal) - 40 if wrong == "count" else len(ideal) + 40)
    (tmp_path / "a.aiff").write_bytes(data)
    if wrong in ("offset", "count"):
        same(tmp_path / "a.aiff", ideal)
        return
    with pytest.raises(DecodeError, match=r"its header is damaged: it speaks of 48,0[04]0 times [13] samples of 16 bits"):
        files.read(tmp_path / "a.aiff")


def test_samples_of_an_aiff_that_begin_later(tmp_path: Path) -> None:
    ideal = made(tmp_path / "a.aiff", "AIFF", "PCM_16")
    data = bytearray((tmp_path / "a.aiff").read_bytes())
    sound = data.find(b"SSND") + 8
    data[sound + 8 : sound + 8] = b"\1\2" * 8
    struct.pack_into(">II", data, sound - 4, 2 * len(ideal) + 8 + 16, 16)
    struct.pack_into(">I", data, 4, len(data) - 8)
    (tmp_path / "a.aiff").write_bytes(data)
    same(tmp_path / "a.aiff", ideal)


@pytest.mark.parametrize("rate_hz", [0, 1, 7, 99])
def test_a_rate_that_no_sound_has(tmp_path: Path, rate_hz: int) -> None:
    made(tmp_path / "a.au", "AU", "PCM_16")
    data = bytearray((tmp_path / "a.au").read_bytes())
    struct.pack_into(">I", data, 16, rate_hz)
    (tmp_path / "a.au").write_bytes(data)
    with pytest.raises(DecodeError, match=r"it speaks of \d+ samples a second|not a sound file"):
        files.read(tmp_path / "a.au")


def test_an_mp3_whose_tag_is_damaged_is_not_cut_by_it(tmp_path: Path) -> None:
    """What an encoder added at both ends stands in the first frame, with a checksum: where that is wrong nothing is cut off."""
    soundfile.write(tmp_path / "a.mp3", speech_like(3), RATE_HZ)
    whole = files.read(tmp_path / "a.mp3")
    assert len(whole.samples) == 3 * RATE_HZ
    data = bytearray((tmp_path / "a.mp3").read_bytes())
    place = data.find(b"LAME") + 21
    for at, bit in ((place, 0x80), (place + 1, 0x08), (place + 2, 0x40)):
        turned = bytearray(data)
        turned[at] ^= bit
        (tmp_path / "a.mp3").write_bytes(turned)
        assert 3 * RATE_HZ <= len(files.read(tmp_path / "a.mp3").samples) < 3.2 * RATE_HZ


def test_a_file_that_grows_or_shrinks_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros(RATE_HZ * 60, np.float32), RATE_HZ)
    blocks = files.stream(path, block_s=1)
    next(blocks)
    with path.open("r+b") as file:
        file.truncate(RATE_HZ * 20)
    with pytest.raises(DecodeError, match="cut off or damaged"):
        list(blocks)
    soundfile.write(path, np.zeros(RATE_HZ * 60, np.float32), RATE_HZ)
    blocks = files.stream(path, block_s=1)
    count = len(next(blocks))
    with path.open("ab") as file:
        file.write(b"\0" * 100_000)
    assert count + sum(len(block) for block in blocks) == RATE_HZ * 60


def _width(subtype: str) -> int:
    return {"PCM_16": 2, "PCM_24": 3, "FLOAT": 4, "ULAW": 1}[subtype]
