"""Sound files, lists and settings as recorders, phones, players and editors leave them, through the commands that people give."""

from __future__ import annotations

import os
import shutil
import struct
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine import cli
from tests.engine.cli.conftest import Run
from tests.engine.cli.test_schemas import check
from tests.made_sounds import encode
from tests.true_models import spoken

Printed = Callable[[], str]
OPUS = {"format": "OGG", "subtype": "OPUS"}


@pytest.fixture
def printed() -> Iterator[Printed]:
    """What came to the terminal past Python, as a decoder's own lines do."""
    kept = os.dup(2)
    with tempfile.TemporaryFile() as terminal:
        os.dup2(terminal.fileno(), 2)

        def read() -> str:
            terminal.seek(0)
            return terminal.read().decode()

        try:
            yield read
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def take(number: int = 7, voice: int = 1) -> tuple[np.ndarray, int]:
    audio = spoken(voice, number)
    return audio.samples, audio.rate_hz


def stereo(path: Path, gain: float, from_part: float) -> None:
    """The second channel is the first by a gain, negative from some part of the file on."""
    sound, rate_hz = take()
    other = abs(gain) * sound
    other[round(from_part * len(sound)) :] *= np.sign(gain)
    both = np.stack([sound, other], axis=1)
    if path.suffix == ".m4a":
        encode(path, "ipod", "aac", both, rate_hz)
    else:
        soundfile.write(path, both, rate_hz, **(OPUS if path.suffix == ".opus" else {}))


def with_size(path: Path, container: str, size: Callable[[int], int]) -> None:
    """A file whose header says another size of its samples. size: told the true one."""
    sound, rate_hz = take()
    soundfile.write(path, sound, rate_hz, format=container, subtype="PCM_16")
    data = bytearray(path.read_bytes())
    at, how, more = {"WAV": (data.find(b"data") + 4, "<I", 0), "AIFF": (data.find(b"SSND") + 4, ">I", 8),
                     "CAF": (data.find(b"data") + 4, ">q", 4), "W64": (data.find(b"data\xf3\xac") + 16, "<Q", 24),
                     "AU": (8, ">I", 0)}[container]
    told = size(2 * len(sound))
    struct.pack_into(how, data, at, 0 if told == 0 else told + more)
    if container == "AIFF":
        struct.pack_into(">I", data, data.find(b"COMM") + 10, max(0, told // 2))
    path.write_bytes(data)


def named(run: Run, furnished: Path, path: Path, whose: str = "Anna", within: float = 0.05) -> None:
    """`voices identify` says who it is, as sure as for the plain recording, and nothing else."""
    plain = path.with_name("plain.wav")
    soundfile.write(plain, *take())
    likeness = run("voices", "identify", plain, "--json", workspace=furnished / "workspace").document["similarity"]
    ran = run("voices", "identify", path, "--json", workspace=furnished / "workspace")
    check("voices identify", ran.document)
    assert (ran.code, ran.err, ran.document["voice"]) == (0, "", whose)
    assert ran.document["similarity"] == pytest.approx(likeness, abs=within)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.m4a", "a.opus"])
@pytest.mark.parametrize(("gain", "from_part"), [(-1, 0), (-0.8, 0), (-1, 0.5)])
def test_stereo_of_which_one_channel_has_the_wrong_polarity(run: Run, furnished: Path, tmp_path: Path, name: str, gain: float,
                                                            from_part: float) -> None:
    stereo(tmp_path / name, gain, from_part)
    named(run, furnished, tmp_path / name)


def test_stereo_of_the_wrong_polarity_can_be_enrolled(run: Run, tmp_path: Path) -> None:
    stereo(tmp_path / "a.wav", -1, 0)
    ran = run("voices", "enroll", "Anna", tmp_path / "a.wav", "--json")
    assert (ran.code, ran.document["failed"], len(ran.document["takes"])) == (0, [], 1)
    assert ran.document["takes"][0]["speech_s"] > 2


@pytest.mark.parametrize(("name", "container"), [
    ("a.wav", "WAV"), ("a.aiff", "AIFF"), ("a.caf", "CAF"), ("a.w64", "W64"), ("a.au", "AU")])
@pytest.mark.parametrize("size", [lambda size: 0, lambda size: size + 36, lambda size: size + 8, lambda size: size // 3 * 2],
                         ids=["0", "+36", "+8", "less"])
def test_a_header_that_is_wrong_about_the_length(run: Run, furnished: Path, tmp_path: Path, name: str, container: str,
                                                 size: Callable[[int], int]) -> None:
    with_size(tmp_path / name, container, size)
    named(run, furnished, tmp_path / name, within=1e-4)


def test_a_flac_that_was_written_to_a_pipe(run: Run, furnished: Path, tmp_path: Path) -> None:
    sound, rate_hz = take()
    soundfile.write(tmp_path / "a.flac", sound, rate_hz)
    data = bytearray((tmp_path / "a.flac").read_bytes())
    data[21:26] = (int.from_bytes(data[21:26], "big") & ~((1 << 36) - 1)).to_bytes(5, "big")
    (tmp_path / "a.flac").write_bytes(data)
    named(run, furnished, tmp_path / "a.flac", within=1e-3)


@pytest.mark.parametrize("junk", [b"ID3\x03\0\0\0\0\x07\x68" + bytes(range(256)) * 300, b"\0" * 70_000])
def test_an_mp3_behind_a_picture_that_its_tag_does_not_count(run: Run, furnished: Path, tmp_path: Path, junk: bytes,
                                                             printed: Printed) -> None:
    sound, rate_hz = take()
    soundfile.write(tmp_path / "a.mp3", sound, rate_hz, bitrate_mode="CONSTANT", compression_level=0)
    (tmp_path / "a.mp3").write_bytes(junk + (tmp_path / "a.mp3").read_bytes())
    named(run, furnished, tmp_path / "a.mp3", within=0.1)  # mp3 puts something where there was digital silence
    assert printed() == ""  # nor from a decoder


@pytest.mark.parametrize("kind", ["vbr", "chained mp3", "chained ogg", "m4a", "webm"])
def test_a_timeline_goes_to_the_end_of_the_file(run: Run, furnished: Path, tmp_path: Path, kind: str, printed: Printed) -> None:
    (first, rate_hz), (second, _) = take(), take(8)
    pause = np.zeros(rate_hz * 3 // 2, np.float32)
    talk = np.concatenate([pause, first, pause, second])
    path = tmp_path / f"talk.{'mp3' if kind == 'vbr' else kind.split()[-1]}"
    if kind == "vbr":
        soundfile.write(path, talk, rate_hz, bitrate_mode="VARIABLE", compression_level=0.4)
        data = path.read_bytes()
        path.write_bytes(data[data.index(data[:2], 100) :])
        assert b"Xing" not in path.read_bytes()
    elif kind.startswith("chained"):
        parts = b""
        for part in (talk[: len(talk) // 2], talk[len(talk) // 2 :]):
            soundfile.write(path, part, rate_hz)
            parts += path.read_bytes()
        path.write_bytes(parts)
    else:
        encode(path, {"m4a": "ipod"}.get(kind, kind), {"m4a": "aac"}.get(kind, "libopus"), talk, rate_hz)
    ran = run("voices", "timeline", path, "--no-keep", "--json", workspace=furnished / "workspace")
    check("voices timeline", ran.document)
    assert (ran.code, ran.err) == (0, "") and printed() == ""
    assert ran.document["duration_s"] == pytest.approx(len(talk) / rate_hz, abs=0.15)
    turns = ran.document["turns"]
    assert {turn["speaker"] for turn in turns} == {"Anna"}
    assert turns[0]["start_s"] < 2.2 and turns[-1]["end_s"] > len(talk) / rate_hz - 1


@pytest.mark.parametrize(("name", "reason"), [
    ("cut.m4a", "damaged at 3"), ("cut.mp3", "cut off"), ("page.ogg", "damaged"), ("text.wav", "not a sound file"),
    ("empty.m4a", "the file is empty"), ("half a frame.wav", "cut off or damaged")])
def test_what_is_not_whole_is_refused_with_the_reason(run: Run, furnished: Path, tmp_path: Path, name: str, reason: str,
                                                      printed: Printed) -> None:
    sound, rate_hz = take()
    path = tmp_path / name
    if name == "cut.m4a":
        encode(path, "ipod", "aac", sound, rate_hz, {"movflags": "faststart"})
        path.write_bytes(path.read_bytes()[:-3000])
    elif name == "text.wav":
        path.write_text("no sound")
    elif name == "empty.m4a":
        path.touch()
    else:
        soundfile.write(path, sound, rate_hz)
        data = path.read_bytes()
        path.write_bytes({"cut.mp3": data[: len(data) // 2 + 7], "half a frame.wav": data[:-1],
                          "page.ogg": data[:9000] + bytes([data[9000] ^ 8]) + data[9001:]}[name])
    ran = run("voices", "identify", path, "--json", workspace=furnished / "workspace")
    assert ran.code == 1 and reason in ran.document["error"]
    assert ran.err == f"earmark: {name}: {ran.document['error']}\n" and printed() == ""


def test_a_folder_as_a_telephone_fills_it(run: Run, tmp_path: Path) -> None:
    sound, rate_hz = take()
    folder = tmp_path / "phone"
    folder.mkdir()
    for name, container in (("memo.m4a", "ipod"), ("video.mp4", "mp4"), ("voice.webm", "webm")):
        encode(folder / name, container, "libopus" if container == "webm" else "aac", sound, rate_hz)
    for name, container in (("readable.au", "AU"), ("readable.caf", "CAF"), ("readable.w64", "W64")):
        soundfile.write(folder / name, sound, rate_hz, format=container, subtype="PCM_16")
    (folder / "picture.heic").write_bytes(b"picture")
    (folder / "broken.m4a").write_bytes((folder / "memo.m4a").read_bytes()[:20_000])
    assert run("library", "add", folder).code == 0
    ran = run("library", "scan", "--json")
    check("library scan", ran.document)
    assert ran.document["added"] == 6
    assert [Path(one["path"]).name for one in ran.document["failed"]] == ["broken.m4a"]
    assert "picture.heic" in str(ran.document["passed_over"])
    found = run("search", "somebody speaks", "--json").document["results"]
    assert {Path(one["path"]).name for one in found} == {"memo.m4a", "video.mp4", "voice.webm", "readable.au", "readable.caf",
                                                         "readable.w64"}


@pytest.mark.parametrize("mark", [";", ",", "\t"])
@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16"])
def test_lists_of_labels_as_spreadsheets_write_them(run: Run, furnished: Path, tmp_path: Path, mark: str, coding: str) -> None:
    rows = [("label", "text"), ("Rauschen", "white noise"), ("Klänge", "a chord of music; soft"), ("Hund", "a dog, barking")]
    (tmp_path / "labels.csv").write_bytes("\r\n".join(
        mark.join(f'"{cell}"' if any(one in cell for one in ";,") else cell for cell in row) for row in rows).encode(coding))
    ran = run("classify", furnished / "sounds" / "noise.wav", "--labels", tmp_path / "labels.csv", "-k", 3, "--json",
              workspace=furnished / "workspace")
    assert (ran.code, ran.err) == (0, "")
    labels = [one["label"] for one in ran.document["labels"]]
    assert labels[0] == "Rauschen" and set(labels) == {"Rauschen", "Klänge", "Hund"}


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_settings_as_editors_save_them(run: Run, furnished: Path, tmp_path: Path, ends: str, mark: str) -> None:
    workspace = Path(shutil.copytree(furnished / "workspace", tmp_path / "copy"))
    soundfile.write(tmp_path / "a.wav", *take())
    before = run("voices", "identify", tmp_path / "a.wav", "--json", workspace=workspace).document
    assert before["voice"] == "Anna"
    lines = [line for line in (workspace / "settings.toml").read_text("utf-8").splitlines() if not line.startswith("threshold")]
    written = (mark + ends.join(["threshold = 0.99999", *lines, ""])).encode()
    (workspace / "settings.toml").write_bytes(written)
    ran = run("voices", "identify", tmp_path / "a.wav", "--json", workspace=workspace)
    assert (ran.code, ran.document["voice"], ran.document["status"]) == (0, None, "unknown")
    assert (workspace / "settings.toml").read_bytes() == written and not list(workspace.glob("*.broken"))


# --- the cases themselves ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> tuple[Path, Path]:
    """(the folder of cases, a workspace in which their voices A and B are enrolled)."""
    folder, workspace = shared_data / "cases", tmp_path_factory.mktemp("cases") / "workspace"
    for name in "AB":
        takes = [folder / "_voices" / f"{name.lower()}{number}.wav" for number in range(2)]
        assert cli.main(["--workspace", str(workspace), "voices", "enroll", name, *map(str, takes)]) == 0
    return folder, workspace


@pytest.mark.shared_data
@pytest.mark.parametrize("file", [
    "antiphase-stereo/speech.wav", "crashed-recorder-wav/avaudiofile.wav", "crashed-recorder-wav/plain.wav",
    "data-size-36-too-large/speech.wav", "m4a-folder/memo.m4a", "mp3-junk-first/speech.mp3", "piped-flac/piped.flac"])
def test_files_of_the_cases_are_heard(run: Run, cases: tuple[Path, Path], file: str, printed: Printed) -> None:
    ran = run("voices", "identify", cases[0] / file, "--json", workspace=cases[1])
    assert (ran.code, ran.err, printed()) == (0, "", "")
    assert ran.document["speech_s"] > 3 and ran.document["nearest"] in ("A", "B")


@pytest.mark.shared_data
def test_the_case_of_an_mp3_without_a_length(run: Run, cases: tuple[Path, Path]) -> None:
    ran = run("voices", "timeline", cases[0] / "vbr-mp3-no-xing" / "talk.mp3", "--no-keep", "--json", workspace=cases[1])
    assert (ran.code, ran.document["duration_s"]) == (0, pytest.approx(1093 * 1152 / 44100, abs=0.1))  # its frames
    assert ran.document["turns"][-1]["start_s"] > 23.9 and ran.document["turns"][-1]["end_s"] > 28


@pytest.mark.shared_data
def test_the_case_of_a_folder(run: Run, cases: tuple[Path, Path]) -> None:
    run("library", "add", cases[0] / "m4a-folder")
    ran = run("library", "scan", "--json")
    assert (ran.code, ran.document["added"], ran.document["failed"]) == (0, 4, [])


@pytest.mark.shared_data
def test_the_cases_of_lists_and_settings(run: Run, cases: tuple[Path, Path], furnished: Path, tmp_path: Path) -> None:
    sound = cases[0] / "_voices" / "a0.wav"
    ran = run("classify", sound, "--labels", cases[0] / "labels-semicolon" / "labels.csv", "--json", workspace=cases[1])
    assert ran.code == 0 and ran.document["labels"]
    workspace = Path(shutil.copytree(cases[1], tmp_path / "copy"))
    shutil.copyfile(cases[0] / "settings-bom" / "settings.toml", workspace / "settings.toml")
    sound = cases[0] / "mp3-junk-first" / "speech.mp3"  # 0.985 like A, where the settings ask for 0.99
    assert run("voices", "identify", sound, "--json", workspace=cases[1]).document["voice"] == "A"
    ran = run("voices", "identify", sound, "--json", workspace=workspace)
    assert (ran.code, ran.document["voice"]) == (0, None)
