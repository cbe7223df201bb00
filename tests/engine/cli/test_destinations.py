"""What is written where `--out` says: looked at before any work; links and devices stay; no path is without a name."""

from __future__ import annotations

import csv
import json
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.errors import StoreError
from engine.projection import export
from engine.projection.maps import ProjectedMap
from engine.records import MapPoint, MapQuality, Span, Timeline, TimelineTrack, TimelineTurn
from engine.voices.timeline import exports

REPOSITORY = Path(__file__).parents[3]
WRITING = [["voices", "timeline", "gone.wav", "--export", "csv", "--out"], ["map", "--out"], ["demo", "--out"],
           ["train", "joint", "--data", ".", "--out"], ["train", "voice", "--data", ".", "--out"], ["voices", "export"],
           ["evaluate", "speakers", "--data", ".", "--strangers", ".", "--lists"]]
READING = [["voices", "identify", ""], ["voices", "enroll", "Anna", ""], ["voices", "timeline", ""], ["library", "add", ""],
           ["library", "remove", ""], ["search", "--like", ""], ["search", "rain", "--folder", ""], ["locate", "", "rain"],
           ["classify", "", "--label", "rain"], ["describe", ""], ["map", "--out", "a.png", "--query", ""],
           ["evaluate", "zero-shot", "--data", ""], ["train", "joint", "--data", "", "--out", "x"], ["voices", "import", ""]]
HOSTILE = ("=cmd()", "a\x1b[31mb", "two\nlines", "half \ud800", "caf\udce9", "<b>x</b> {\\an8}")


def timeline(*names: str) -> Timeline:
    tracks = tuple(TimelineTrack(at, at, name, None, 0, "match", -0.25, 1.5, 0) for at, name in enumerate(names))
    turns = tuple(TimelineTurn(at, Span(at, at + 1.5)) for at in range(len(names)))
    return Timeline(1, Path("talk.wav"), "aa", 60.0, datetime.now(UTC), tracks, turns)


def a_map(*labels: str, x: float = -0.5) -> ProjectedMap:
    points = tuple(MapPoint(str(at), label, "sound", x, 1.0, group=label) for at, label in enumerate(labels))
    return ProjectedMap("sounds", "pca", {}, points, None, MapQuality(None, None, None, 0), 0.1, None, len(points), 2,
                        lambda _vector: (0.0, 0.0))


# --- before any work --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", WRITING, ids=" ".join)
@pytest.mark.parametrize("path", ["", "  ", "\t"], ids=repr)
def test_a_destination_without_a_name_is_wrong_usage(run, words, path, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    ran = run(*words, path, "--json")
    assert (ran.code, ran.document["error"]["kind"]) == (2, "usage-error")
    assert "empty" in ran.document["error"]["message"]
    assert list((tmp_path / "here").iterdir()) == []


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_a_path_without_a_name_is_not_the_folder_one_is_in(run, words, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    ran = run(*words, "--json")
    assert (ran.code, ran.document["error"]["kind"], "empty" in ran.document["error"]["message"]) == (2, "usage-error", True)


@pytest.mark.parametrize("words", [w for w in WRITING if w[0] not in ("demo", "train")], ids=" ".join)
def test_a_folder_is_no_file_to_write(run, words, tmp_path, monkeypatch):
    (tmp_path / "folder.csv").mkdir()
    for path, why in ((tmp_path / "folder.csv", "is a folder"), (".", "is a folder")):
        ran = run(*words, path, "--json")
        assert (ran.code, ran.document["error"]["kind"], why in ran.document["error"]["message"]) == (2, "usage-error", True)


@pytest.mark.parametrize("words", [w for w in WRITING if w[0] in ("voices", "evaluate")], ids=" ".join)
def test_a_folder_that_is_not_there_is_said_before_the_work(run, words, tmp_path):
    ran = run(*words, tmp_path / "gone" / "f.csv", "--json")
    assert (ran.code, "There is no folder" in ran.document["error"]["message"]) == (2, True)


@pytest.mark.parametrize("words", [w for w in WRITING if w[0] in ("demo", "train")], ids=" ".join)
def test_a_file_is_no_folder_to_write_into(run, words, tmp_path):
    (tmp_path / "file").write_text("mine")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        ran = run(*words, path, "--json")
        assert (ran.code, "is a file, not a folder" in ran.document["error"]["message"]) == (2, True)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize(("kind", "name"), [("rttm", "a.csv"), ("csv", "a.wav"), ("srt", "a"), ("audacity", "a.srt"),
                                            ("rttm", "talk.wav")])
def test_an_ending_that_does_not_fit_is_wrong_usage(run, kind, name, tmp_path):
    (tmp_path / "talk.wav").write_bytes(b"sound")
    ran = run("voices", "timeline", tmp_path / "talk.wav", "--export", kind, "--out", tmp_path / name, "--json")
    assert (ran.code, "has to end in" in ran.document["error"]["message"]) == (2, True)
    assert (tmp_path / "talk.wav").read_bytes() == b"sound"


# --- links and devices ------------------------------------------------------------------------------------------------


def write_timeline(path: Path) -> None:
    exports.write(timeline("Anna"), "csv", path)


def write_map(path: Path) -> None:
    export.write(path, a_map("Anna"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize(("write", "error"), [(write_timeline, StoreError), (write_map, OSError)])
def test_a_full_device_is_an_error_and_stays_a_device(write, error, tmp_path):
    node = tmp_path / "full.csv"
    try:
        os.mknod(node, 0o600 | stat.S_IFCHR, os.makedev(1, 7))
        write(node)
    except PermissionError:
        pytest.skip("no device can be made here")
    except error as said:
        assert "No space left" in str(said)
    else:
        pytest.fail("nothing was said")
    assert stat.S_ISCHR(node.stat().st_mode)
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)


@pytest.mark.parametrize("write", [write_timeline, write_map])
def test_a_link_stays_a_link_and_what_it_points_to_is_written(write, tmp_path):
    (tmp_path / "there").mkdir()
    target, link = tmp_path / "there" / "true.csv", tmp_path / "link.csv"
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to("there/true.csv")
    write(link)
    assert link.is_symlink()
    assert "Anna" in target.read_text("utf-8")
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["link.csv", "there", "true.csv"]


@pytest.mark.parametrize("write", [write_timeline, write_map])
def test_a_pipe_is_written_and_stays_a_pipe(write, tmp_path):
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE)
    while True:
        try:
            write(pipe)
            break
        except (StoreError, OSError):  # cat has not opened it yet
            continue
    assert b"Anna" in reader.communicate(timeout=30)[0]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_standard_output_can_be_written_to(tmp_path):
    """Through a pipe it has no path of its own; words and tables then go to standard error."""
    code = ("import sys; from pathlib import Path; from tests.engine.cli.test_destinations import write_timeline\n"
            "from engine.cli.output import Output\n"
            "out = Output(False); out.make_way(Path('/dev/stdout')); write_timeline(Path('/dev/stdout'))\n"
            "out.say('words'); out.table(['a'], [['b']])")
    ran = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.splitlines() == ["start_s,end_s,speaker,status,similarity", "0.000,1.500,Anna,match,-0.2500"]
    assert ran.stderr.split() == ["words", "a", "b"]
    log = tmp_path / "log"
    log.write_text("before\n")
    with log.open("a") as file:
        subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, stdout=file, stderr=subprocess.DEVNULL, check=True,
                       timeout=60)
    assert log.read_text().splitlines() == ["before", *ran.stdout.splitlines()], "what stood in the file before is kept"


@pytest.mark.parametrize("words", [
    "voices timeline t.wav --export csv --out /dev/stdout", "voices export /dev/stdout --overwrite --passphrase-file p",
    "map --out same.csv", "evaluate speakers --data . --strangers . --lists /dev/stdout"])
def test_a_document_and_what_is_written_do_not_go_to_one_place(words, tmp_path):
    (tmp_path / "t.wav").write_bytes(b"")
    (tmp_path / "p").write_text("seven words are easy to remember")
    with (tmp_path / "same.csv").open("w+") as file:
        ran = subprocess.run([sys.executable, str(REPOSITORY / "main.py"), *words.split(), "--json", "--workspace", "w"],
                             cwd=tmp_path, stdout=file, check=False, timeout=60)
    said = json.loads((tmp_path / "same.csv").read_text())
    assert (ran.returncode, said["error"]["kind"], "is standard output" in said["error"]["message"]) == (2, "usage-error", True)


@pytest.mark.parametrize("path", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_standard_output_needs_no_ending(path, tmp_path):
    with (tmp_path / "redirected").open("w") as file:
        code = f"from engine.cli.paths import file_to_write; from pathlib import Path; file_to_write(Path('{path}'), ('.rttm',))"
        assert subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, stdout=file, check=False, timeout=60).returncode == 0


@pytest.mark.parametrize("write", [write_timeline, write_map])
def test_what_was_there_stays_where_the_disk_is_full(write, tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text("old")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises((StoreError, OSError)):
        write(tmp_path / "a.csv")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("a.csv", "old")]


# --- hostile names ----------------------------------------------------------------------------------------------------


def test_tables_hold_no_formula_and_no_codes(tmp_path):
    exports.write(timeline(*HOSTILE), "csv", tmp_path / "t.csv")
    export.write(tmp_path / "m.csv", a_map(*HOSTILE))
    for name, column in (("t.csv", "speaker"), ("m.csv", "label"), ("m.csv", "group")):
        with (tmp_path / name).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert [row[column] for row in rows] == ["'=cmd()", "a\\x1b[31mb", "two\nlines", "half \\ud800", "caf\\xe9",
                                                 "<b>x</b> {\\an8}"]
        assert rows[0].get("similarity", "-0.2500") == "-0.2500"
        assert rows[0].get("x", "-0.5") == "-0.5"


@pytest.mark.parametrize("kind", ["rttm", "audacity", "srt"])
def test_other_files_hold_one_line_a_name(kind, tmp_path):
    exports.write(timeline(*HOSTILE), kind, tmp_path / "t.txt")
    text = (tmp_path / "t.txt").read_text("utf-8")
    lines = text.splitlines()
    assert len(lines) == {"rttm": 6, "audacity": 6, "srt": 6 * 4 - 1}[kind]
    assert "\x1b" not in text
    assert kind != "srt" or not set("<{") & set(text)


def test_a_map_whose_numbers_are_none_is_still_json(tmp_path):
    export.write(tmp_path / "m.json", a_map(*HOSTILE, x=float("nan")))
    points = json.loads((tmp_path / "m.json").read_text("utf-8"), parse_constant=pytest.fail)["points"]
    assert [p["x"] for p in points] == [None] * 6
    assert points[1]["label"] == "a\x1b[31mb"
    assert points[4]["label"] == "caf\\xe9"
