"""Every command's JSON, held against the schema that ARCHITECTURE.md shows for it."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from engine import demo as demo_module
from engine.audio import files
from engine.errors import DeviceError
from engine.records import Audio
from tests.engine.cli.conftest import make_sounds
from tests.engine.encoders import small_onnx, small_voice
from tests.true_models import chord, silence, spoken, write_takes

REPOSITORY = Path(__file__).parents[3]
COMMANDS = {
    "models list", "models fetch", "models add", "models use", "models remove", "devices",
    "voices enroll", "voices list", "voices identify", "voices remove", "voices rename",
    "voices samples", "voices remove-sample", "voices move", "voices undo",
    "voices calibrate", "voices export", "voices import", "privacy status", "privacy on",
    "voices timeline", "voices timelines", "voices name-stranger", "voices undo-naming",
    "voices forget-everything", "live", "library add", "library scan", "library list", "library remove", "library stats",
    "library tag", "library tags",
    "library untag", "library queries", "library rename-query", "library forget-query", "locate",
    "search", "map", "map --out f.json", "evaluate zero-shot", "evaluate speakers", "evaluate diarization",
    "evaluate retrieval", "evaluate classify", "evaluate captions", "classify", "describe", "train joint", "train voice", "demo",
    "errors"}


def schemas():
    text = (REPOSITORY / "ARCHITECTURE.md").read_text("utf-8").split("## JSON of the commands")[1]
    found = re.findall(r"^### `([^`]+)`\n\n(?:[^`\n#][^\n]*\n|`[^`][^\n]*\n|\n)*?```json\n(.*?)```", text, re.M | re.S)
    return {name: json.loads(block) for name, block in found}


SCHEMAS = schemas()


def check(name, document):
    Draft202012Validator(SCHEMAS[name]).validate(document)


def objects(schema):
    """Every schema of an object inside a schema."""
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for value in schema.values():
            yield from objects(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from objects(value)


def test_there_is_a_valid_schema_for_every_command():
    assert set(SCHEMAS) == COMMANDS
    for name, schema in SCHEMAS.items():
        Draft202012Validator.check_schema(schema)
        closed = [o.get("additionalProperties") is False for o in objects(schema)
                  if o.get("properties") is not None]
        assert closed, name
        assert all(closed), name


def test_a_schema_refuses_what_is_not_in_it():
    good = {"error": {"kind": "usage-error", "message": "No."}}
    check("errors", good)
    for bad in ({"error": {"kind": "usage-error"}}, {**good, "more": 1}, {"error": {"kind": "x", "message": ""}}):
        assert not Draft202012Validator(SCHEMAS["errors"]).is_valid(bad)


# --- models and devices -----------------------------------------------------------------------------------------------


def test_models_with_heads_that_are_not_there(run, tmp_path, monkeypatch):
    monkeypatch.setattr("engine.encoders.compact.shipped", lambda: tmp_path / "heads")
    listed = run("models", "list", "--json").document
    check("models list", listed)
    assert {m["name"]: m["state"] for m in listed if m["kind"] == "joint"} == {"bridge": "present", "compact": "damaged"}


def test_models(run):
    listed = run("models", "list", "--json").document
    check("models list", listed)
    assert {m["name"]: m["state"] for m in listed} == {
        "ge2e": "present", "campplus": "present", "segmentation": "present", "yamnet": "present", "minilm": "present",
        "silero-vad": "package", "bridge": "present", "compact": "present"}
    assert [m["name"] for m in listed if m["in_use"]] == ["campplus", "compact"]
    fetched = run("models", "fetch", "--json").document
    check("models fetch", fetched)
    assert fetched == {"fetched": [], "present": ["ge2e", "campplus", "segmentation", "yamnet", "minilm", "silero-vad"]}


def test_a_model_of_ones_own_from_adding_to_removing(run, tmp_path):
    make_sounds(tmp_path / "sounds")
    run("library", "add", tmp_path / "sounds")
    check("library scan", run("library", "scan", "--json").document)
    folder = small_onnx.write(tmp_path / "pair", facts={"rate_hz": 16_000, "license": "CC0-1.0"})
    added = run("models", "add", folder, "--kind", "joint", "--name", "mine", "--json").document
    check("models add", added)
    assert (added["dim"], added["rate_hz"], added["licence"]) == (small_onnx.DIM, 16_000, "CC0-1.0")
    chosen = run("models", "use", "mine", "--json").document
    check("models use", chosen)
    assert chosen == {"kind": "joint", "in_use": "compact", "pending": "mine", "indexed": 0, "sounds": 3}
    listed = run("models", "list", "--json").document
    check("models list", listed)
    assert {m["name"]: (m["in_use"], m["pending"]) for m in listed if m["kind"] == "joint"} == {
        "bridge": (False, False), "compact": (True, False), "mine": (False, True)}
    scanned = run("library", "scan", "--json").document
    check("library scan", scanned)
    assert (scanned["encoder"], scanned["changed_over"], scanned["updated"], scanned["waiting"]) == ("mine", True, 3, 0)
    assert len(run("search", "noise", "--json").document["results"]) == 3
    refused = run("models", "remove", "mine", "--json")
    check("errors", refused.document)
    assert refused.code == 2
    check("models use", run("models", "use", "bridge", "--json").document)
    run("library", "scan")
    for own in ("bridge", "Compact", "yamnet"):
        refused = run("models", "remove", own, "--json")
        assert refused.code == 2 and "comes with the program" in refused.document["error"]["message"]
    gone = run("models", "remove", "mine", "--json").document
    check("models remove", gone)
    assert gone == {"removed": "mine"}


def test_a_voice_encoder_of_ones_own_from_adding_to_removing(run, tmp_path):
    first, second = write_takes(tmp_path / "takes", 1, 2)
    run("voices", "enroll", "Anna", first, "--keep-recordings")
    run("voices", "enroll", "Bert", *write_takes(tmp_path / "bert", 5, 1))
    path = small_voice.write(tmp_path / "Small.onnx")
    added = run("models", "add", path, "--kind", "voice", "--json").document
    check("models add", added)
    assert (added["name"], added["kind"], added["dim"], added["rate_hz"]) == ("small", "voice", small_voice.DIM, 16_000)
    chosen = run("models", "use", "SMALL", "--json").document
    check("models use", chosen)
    assert (chosen["in_use"], chosen["takes"], chosen["embedded"], chosen["to_enroll"], chosen["calibrated"]) == (
        "small", 2, 1, ["Bert"], False)
    models = run("models", "list", "--json").document
    check("models list", models)
    assert {m["name"]: m["in_use"] for m in models if m["kind"] == "voice"} == {"ge2e": False, "campplus": False, "small": True}
    listed = run("voices", "list", "--json").document
    check("voices list", listed)
    assert {v["name"]: (v["samples"], v["needs_enrollment"]) for v in listed} == {"Anna": (1, False), "Bert": (0, True)}
    assert "needs re-enrollment" in run("voices", "list").out
    check("voices identify", run("voices", "identify", second, "--json").document)
    refused = run("models", "remove", "small", "--json")
    check("errors", refused.document)
    assert refused.code == 2
    back = run("models", "use", "campplus", "--json").document
    check("models use", back)
    assert (back["embedded"], back["to_enroll"], back["calibrated"]) == (2, [], True)
    assert run("models", "remove", "small").code == 0


def test_devices(run):
    found = run("devices", "--json").document
    check("devices", found)
    assert found["processor"]


@pytest.mark.virtual_mic
def test_devices_with_a_microphone(run, virtual_mic):
    found = run("devices", "--json").document
    check("devices", found)
    assert found["inputs"]
    assert sum(d["default"] for d in found["inputs"]) == 1


# --- voices -----------------------------------------------------------------------------------------------------------


def test_voices_from_enrolling_to_forgetting(run, tmp_path):
    first, = write_takes(tmp_path / "takes", 1, 1, 8.0)  # several samples: the last one would take it along
    second, = write_takes(tmp_path / "takes", 1, 1, first=1)
    files.write(tmp_path / "silence.wav", silence())
    empty = run("voices", "list", "--json")
    assert (empty.code, empty.document) == (0, [])

    ran = run("voices", "enroll", "Zoë", first, tmp_path / "silence.wav", "--json")
    check("voices enroll", ran.document)
    assert ran.code == 1  # one of several failed
    assert ran.document["voice"] == "Zoë"
    assert [t["source"] for t in ran.document["takes"]] == [first.name]
    assert ran.document["failed"][0]["file"] == str(tmp_path / "silence.wav")
    again = run("voices", "enroll", "Zoë", first, second, "--json")
    check("voices enroll", again.document)
    assert (again.code, again.document["skipped"], len(again.document["takes"])) == (0, 1, 1)
    count = again.document["samples"]
    assert count > 2
    nothing = run("voices", "enroll", "Bert", tmp_path / "silence.wav", "--json")
    check("voices enroll", nothing.document)
    assert (nothing.code, nothing.document["voice"], nothing.document["samples"]) == (1, None, 0)

    listed = run("voices", "list", "--json").document
    check("voices list", listed)
    assert [(v["name"], v["state"], v["takes"], v["samples"]) for v in listed] == [("Zoë", "enrolled", 2, count)]

    one = run("voices", "identify", first, "--json").document
    check("voices identify", one)
    assert (one["file"], one["voice"], one["status"], one["margin"]) == (str(first), "Zoë", "match", None)

    samples = run("voices", "samples", "zoë", "--json").document
    check("voices samples", samples)
    assert [s["source"] for s in samples] == [first.name] * (count - 1) + [second.name]
    gone = run("voices", "remove-sample", samples[0]["id"], "--json").document
    check("voices remove-sample", gone)
    undone = run("voices", "undo", "--json").document
    check("voices undo", undone)
    assert (undone["undone"], undone["voice"]) == ("remove-sample", "Zoë")
    assert run("voices", "samples", "zoë", "--json").document == samples
    run("voices", "enroll", "Bert", *write_takes(tmp_path / "bert", 5, 1))
    refused = run("voices", "move", samples[0]["id"], "Bert", "--json")
    check("errors", refused.document)
    assert refused.code == 1 and "This sample does not sound like Bert" in refused.document["error"]["message"]
    moved = run("voices", "move", samples[0]["id"], "Bert", "--anyway", "--json").document
    check("voices move", moved)
    assert moved == {"moved": samples[0]["id"], "voice": "Bert"}
    check("voices list", run("voices", "list", "--json").document)
    run("voices", "undo")
    run("voices", "remove", "Bert")
    assert run("voices", "undo", "--json").document["undone"] == "enroll"  # the newest that is left: Zoë's second take
    run("voices", "enroll", "Zoë", second)
    nothing = run("voices", "move", 999, "Zoë", "--json")
    check("errors", nothing.document)
    assert nothing.code == 1

    renamed = run("voices", "rename", "zoë", "Anna", "--json").document
    check("voices rename", renamed)
    assert renamed == {"old": "zoë", "new": "Anna"}
    removed = run("voices", "remove", "Anna", "--json").document
    check("voices remove", removed)
    assert run("voices", "list", "--json").document == []

    run("voices", "enroll", "Anna", first)
    forgotten = run("voices", "forget-everything", "--yes", "--json")
    check("voices forget-everything", forgotten.document)
    assert run("voices", "list", "--json").document == []


def test_identify_one_several_and_broken_files(run, furnished):
    workspace, new = furnished / "workspace", furnished / "new"
    anna, stranger, quiet = new / "voice 1 take 7.wav", new / "voice 4 take 7.wav", new / "silence.wav"
    one = run("voices", "identify", anna, "--json", workspace=workspace)
    check("voices identify", one.document)
    assert one.code == 0
    assert (one.document["voice"], one.document["nearest"], one.document["status"]) == ("Anna", "Anna", "match")
    assert [c["voice"] for c in one.document["candidates"]] == ["Anna", "Bert"]
    several = run("voices", "identify", anna, stranger, quiet, new / "gone.wav", "--json", workspace=workspace)
    check("voices identify", several.document)
    assert several.code == 1
    assert [d.get("status", "failed") for d in several.document] == ["match", "unknown", "too-short", "failed"]
    assert [d.get("voice") for d in several.document] == ["Anna", None, None, None]
    assert several.document[0] == one.document
    assert several.document[2]["similarity"] is None
    broken = run("voices", "identify", new / "gone.wav", "--json", workspace=workspace)
    check("voices identify", broken.document)
    assert broken.code == 1


def test_timelines_from_hearing_to_undoing(run, furnished, tmp_path):
    shutil.copytree(furnished / "workspace", tmp_path / "workspace")
    path = tmp_path / "a talk.wav"
    parts = [spoken(1, 8), spoken(4, 8), spoken(1, 9), spoken(4, 9)]
    files.write(path, Audio(np.concatenate([np.r_[p.samples, np.zeros(12_000, np.float32)] for p in parts]), 16_000))
    ran = run("voices", "timeline", path, "--export", "csv", "--out", tmp_path / "talk.csv", "--json")
    check("voices timeline", ran.document)
    assert ran.code == 0
    assert ran.document["export"] == str(tmp_path / "talk.csv")
    assert [one["speaker"] for one in ran.document["speakers"]] == ["Anna", "Stranger 1"]
    long = [turn["speaker"] for turn in ran.document["turns"] if turn["end_s"] - turn["start_s"] > 1]
    assert [one for at, one in enumerate(long) if long[at - 1:at] != [one]] == ["Anna", "Stranger 1", "Anna", "Stranger 1"]
    assert len((tmp_path / "talk.csv").read_text("utf-8").splitlines()) == 1 + len(ran.document["turns"])
    named = run("voices", "name-stranger", ran.document["id"], 1, "Dora", "--json").document
    check("voices name-stranger", named)
    listed = run("voices", "timelines", "--json").document
    check("voices timelines", listed)
    assert [one["speaker"] for one in listed["timelines"][0]["speakers"]] == ["Anna", "Dora"]
    assert listed["namings"] == [named]
    undone = run("voices", "undo-naming", "--json").document
    check("voices undo-naming", undone)
    assert undone == named
    assert [voice["name"] for voice in run("voices", "list", "--json").document] == ["Anna", "Bert"]
    wrong = run("voices", "timeline", path, "--name", "Stranger 1=Dora", "--name", "Stranger 7=Else", "--json")
    assert wrong.document["error"]["message"] == "There is no Stranger 7 in a talk.wav: it has Stranger 1. Nobody was named."
    assert (wrong.code, run("voices", "timelines", "--json").document["namings"]) == (1, [])
    again = run("voices", "timeline", path, "--name", "Stranger 1=Dora", "--json").document
    check("voices timeline", again)
    assert [one["speaker"] for one in again["speakers"]] == ["Anna", "Dora"]
    gone = run("voices", "timelines", "--remove", again["id"], "--json").document
    check("voices timelines", gone)
    assert (gone["removed"], gone["timelines"]) == (again["id"], [])
    passing = run("voices", "timeline", path, "--no-keep", "--json").document
    check("voices timeline", passing)
    assert passing["id"] is None
    assert run("voices", "timelines", "--json").document["timelines"] == []


@pytest.mark.virtual_mic
def test_live_from_a_microphone(run, furnished, virtual_mic):
    """A voice that was enrolled speaks into the microphone; one object a line, all of them by the schema."""
    player = virtual_mic.play(furnished / "new" / "voice 1 take 7.wav")
    ran = run("live", "--seconds", 5, "--json", workspace=furnished / "workspace")
    player.wait()
    assert ran.code == 0
    lines = [json.loads(line) for line in ran.out.splitlines()]
    assert len(lines) > 8
    for line in lines:
        check("live", line)
    assert "Anna" in {line["voice"] for line in lines}
    assert {line["voice"] for line in lines} <= {"Anna", None}
    assert any(line["status"] is None and line["speaking"] is False for line in lines)
    assert not list((furnished / "workspace").rglob("*.wav"))


# --- library ----------------------------------------------------------------------------------------------------------


def test_library_from_adding_to_removing(run, tmp_path):
    folder = make_sounds(tmp_path / "sounds")
    added = run("library", "add", folder, "--json").document
    check("library add", added)
    assert added == {"folder": str(folder)}
    ran = run("library", "scan", "--json")
    first = ran.document
    assert ran.code == 1  # text.wav could not be read, the rest is done
    check("library scan", first)
    assert (first["added"], first["unchanged"], len(first["failed"])) == (3, 0, 1)
    assert first["failed"][0]["path"] == str(folder / "text.wav")
    assert first["audio_s"] == pytest.approx(12 + 4 + 1, abs=0.1)
    assert first["passed_over"] == []
    for name in ("song.mid", "two.MID", "notes.txt", "README"):
        (folder / name).touch()
    ran = run("library", "scan")
    assert "1 without an ending (README); 1 .txt (notes.txt)" in " ".join(ran.out.split())
    second = run("library", "scan", "--json").document
    check("library scan", second)
    assert second["passed_over"][0] == {"kind": ".mid", "files": 2, "paths": [str(folder / "song.mid"), str(folder / "two.MID")]}
    assert (second["added"], second["unchanged"]) == (0, 3)
    listed = run("library", "list", "--json").document
    check("library list", listed)
    assert [Path(s["path"]).name for s in listed["sounds"]] == ["chord.flac", "clicks.wav", "noise.wav"]
    stats = run("library", "stats", "--json").document
    check("library stats", stats)
    assert (stats["folders"], stats["sounds"], stats["spans"]) == (1, 3, 4)
    removed = run("library", "remove", folder, "--json").document
    check("library remove", removed)
    assert run("library", "stats", "--json").document["sounds"] == 0
    assert (folder / "noise.wav").exists()


def test_search_by_words_and_by_example(run, furnished):
    workspace, sounds = furnished / "workspace", furnished / "sounds"
    words = run("search", "white noise", "--json", workspace=workspace).document
    check("search", words)
    assert (words["query"], len(words["results"])) == ("white noise", 3)
    best = words["results"][0]
    assert (best["path"], best["end_s"] - best["start_s"]) == (str(sounds / "noise.wav"), pytest.approx(10, abs=3))
    assert [r["similarity"] for r in words["results"]] == sorted((r["similarity"] for r in words["results"]), reverse=True)
    both = run("search", "white noise", "--like", sounds / "noise.wav", "-k", 1, "--json", workspace=workspace).document
    check("search", both)
    assert both["results"][0]["path"] == str(sounds / "noise.wav")
    two = run("search", "white noise", "-k", 2, "--json", workspace=workspace).document
    assert [r["path"] for r in two["results"]] == [r["path"] for r in words["results"][:2]]
    like = run("search", "--like", sounds / "chord.flac", "-k", 1, "--json", workspace=workspace).document
    check("search", like)
    assert like["results"][0]["path"] == str(sounds / "chord.flac")
    assert like["results"][0]["similarity"] > 0.99
    empty = run("search", "rain", "--json").document
    check("search", empty)
    assert empty["results"] == []


def test_plus_and_minus_terms_saved_and_asked_again(run, furnished, tmp_path):
    shutil.copytree(furnished / "workspace", tmp_path / "workspace")
    sounds = furnished / "sounds"
    words = ["search", "white noise", "--minus", "music", "--minus-like", sounds / "chord.flac", "--term", "0.5:rain: heavy",
             "--folder", sounds]
    ran = run(*words, "--save", "Hiss", "--json")
    check("search", ran.document)
    assert ran.document["query"] == "white noise − music − chord.flac + 0.5 × rain: heavy"
    assert ran.document["results"][0]["path"] == str(sounds / "noise.wav")
    again = run("search", "--saved", "hiss", "--json").document
    assert again["results"] == ran.document["results"]
    kept = run("library", "queries", "--json").document
    check("library queries", kept)
    assert [(one["name"], one["folder"], len(one["terms"])) for one in kept] == [("Hiss", str(sounds), 4)]
    check("library rename-query", run("library", "rename-query", "hiss", "Wet  noise", "--json").document)
    assert [one["name"] for one in run("library", "queries", "--json").document] == ["Wet noise"]
    assert run("search", "--saved", "hiss", "--json").code == 1
    assert run("library", "rename-query", "hiss", "Other", "--json").code == 1
    check("library forget-query", run("library", "forget-query", "wet noise", "--json").document)
    assert run("library", "queries", "--json").document == []
    assert run("search", "--saved", "hiss", "--json").code == 1


def test_tags_of_the_library(run, furnished, tmp_path):
    shutil.copytree(furnished / "workspace", tmp_path / "workspace")
    (tmp_path / "mine.txt").write_text("music\nwhite noise\n", "utf-8")
    made = run("library", "tag", tmp_path / "mine.txt", "--threshold", "0.5", "--name", "Mine", "--json").document
    check("library tag", made)
    assert (made["name"], made["labels"], made["threshold"]) == ("Mine", 2, 0.5)
    listed = run("library", "tags", "--json").document
    check("library tags", listed)
    assert listed == [made]
    found = run("search", "sound", "--tag", "mine:music", "--json").document
    check("search", found)
    assert "chord.flac" in [Path(one["path"]).name for one in found["results"]]
    assert all("music" in [label["label"] for label in one["labels"]] for one in found["results"])
    check("library untag", run("library", "untag", "mine", "--json").document)
    gone = run("search", "sound", "--tag", "mine:music", "--json")
    assert (gone.code, gone.document["error"]["kind"]) == (1, "tag-unknown")


def test_locate(run, furnished):
    found = run("locate", furnished / "sounds" / "noise.wav", "white noise", "--json", workspace=furnished / "workspace")
    check("locate", found.document)
    assert (found.code, found.document["query"], len(found.document["curve"])) == (0, "white noise", 11)
    assert found.document["curve"][-1]["end_s"] == pytest.approx(found.document["duration_s"])


# --- maps -------------------------------------------------------------------------------------------------------------


def test_maps_as_documents_and_tables(run, furnished, tmp_path):
    workspace = furnished / "workspace"
    ran = run("map", "--space", "voices", "--method", "pca", "--query", furnished / "new" / "voice 4 take 7.wav",
              "--out", tmp_path / "deep" / "f.json", "--json", workspace=workspace)
    assert ran.code == 0
    check("map", ran.document)
    assert ran.document["out"] == str(tmp_path / "deep" / "f.json")
    written = json.loads((tmp_path / "deep" / "f.json").read_text("utf-8"))
    check("map --out f.json", written)
    assert sorted(p["kind"] for p in written["points"]) == ["centroid"] * 2 + ["query"] + ["sample"] * 4
    assert {p["label"] for p in written["points"] if p["kind"] == "centroid"} == {"Anna", "Bert"}
    sounds = run("map", "--space", "sounds", "--query", furnished / "sounds" / "chord.flac",
                 "--out", tmp_path / "f.csv", "--json", workspace=workspace)
    check("map", sounds.document)
    with (tmp_path / "f.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["id", "label", "kind", "group", "x", "y"]
    assert sorted(r["kind"] for r in rows) == ["query"] + ["sound"] * 3


# --- evaluation -------------------------------------------------------------------------------------------------------


def test_evaluate_zero_shot(run, tmp_path):
    make_sounds(tmp_path / "data" / "001 - White noise")
    (tmp_path / "data" / "002 - Music").mkdir()
    files.write(tmp_path / "data" / "002 - Music" / "chord.wav", chord())
    ran = run("evaluate", "zero-shot", "--data", tmp_path / "data", "--json")
    check("evaluate zero-shot", ran.document)
    assert ran.code == 1  # text.wav could not be read
    assert (ran.document["n"], ran.document["classes"]) == (4, ["music", "white noise"])
    assert [f["file"] for f in ran.document["failed"]] == [str(tmp_path / "data" / "001 - White noise" / "text.wav")]


def test_evaluate_speakers(run, tmp_path):
    for voice in (1, 2):
        write_takes(tmp_path / "data" / f"speaker {voice}", voice, 2)
    ran = run("evaluate", "speakers", "--data", tmp_path / "data", "--json")
    check("evaluate speakers", ran.document)
    assert (ran.code, ran.document["eer"], ran.document["utterances"]) == (0, 0, 4)
    assert {(r["enroll"], r["top1"]) for r in ran.document["identification"]} == {(1, 1.0)}
    assert ran.document["backend"] in {r["backend"] for r in ran.document["identification"]}
    assert ran.document["backend"] == "two covariances, adapted"


def test_evaluate_diarization(run, tmp_path):
    for voice in (1, 4):
        write_takes(tmp_path / "data" / f"speaker {voice}", voice, 5)
    (tmp_path / "data" / "speaker 1" / "text.wav").write_text("no sound")
    ran = run("evaluate", "diarization", "--data", tmp_path / "data", "--mixtures", 2, "--seed", 3, "--json")
    check("evaluate diarization", ran.document)
    assert (ran.code, ran.document["speakers"], len(ran.document["mixtures"])) == (1, 2, 2)
    assert [Path(f["file"]).name for f in ran.document["failed"]] == ["text.wav"]
    rows = {(r["enrolled"], r["skip_overlap"]): r for r in ran.document["results"]}
    assert set(rows) == {(who, skip) for who in ("all", "half", "none") for skip in (True, False)}
    assert rows["all", True]["der"] == pytest.approx(sum(rows["all", True][p] for p in ("missed", "false_alarm", "confusion")))
    assert rows["all", True]["named_error"] < 0.2
    assert rows["none", True]["confusion"] < 0.1
    again = run("evaluate", "diarization", "--data", tmp_path / "data", "--mixtures", 2, "--seed", 3, "--json").document
    assert (again["mixtures"], again["results"]) == (ran.document["mixtures"], ran.document["results"])


def test_evaluate_retrieval_classify_and_captions(run, tmp_path):
    folder = make_sounds(tmp_path / "data")
    (folder / "text.wav").rename(folder / "broken noise.wav")
    ran = run("evaluate", "retrieval", "--data", folder, "--captions", "names", "--json")
    check("evaluate retrieval", ran.document)
    assert (ran.code, ran.document["pool"]) == (1, {"sounds": 3, "captions": 3, "pairs": 3})
    assert [Path(f["file"]).name for f in ran.document["failed"]] == ["broken noise.wav"]
    found = run("evaluate", "captions", "--data", folder, "--json")
    check("evaluate captions", found.document)
    assert found.document["best_possible"] >= found.document["retrieved"]
    make_sounds(tmp_path / "labelled" / "White noise")
    (tmp_path / "labelled" / "Music").mkdir()
    files.write(tmp_path / "labelled" / "Music" / "chord.wav", chord())
    labels = ["--label", "Music", "--label", "white noise", "--label", "dog bark"]
    found = run("evaluate", "classify", "--data", tmp_path / "labelled", *labels, "--template", "sound of {label}", "--json")
    check("evaluate classify", found.document)
    assert (found.document["n"], found.document["labels"]) == (4, 3)
    assert set(found.document["classes"]) >= {"Music", "white noise"}
    refused = run("evaluate", "classify", "--data", tmp_path / "labelled", "--label", "rain", "--json")
    check("errors", refused.document)
    assert refused.code == 2


# --- classify and describe --------------------------------------------------------------------------------------------


def test_classify_one_and_several_files(run, furnished, tmp_path):
    sounds = furnished / "sounds"
    one = run("classify", sounds / "noise.wav", "--label", "white noise", "--label", "cat meowing", "--json")
    check("classify", one.document)
    assert (one.code, one.document["labels"][0]["label"], one.document["none_fits"]) == (0, "white noise", False)
    assert sum(found["probability"] for found in one.document["labels"]) == pytest.approx(1)
    (tmp_path / "mine.txt").write_text("cat meowing\nhelicopter\n", "utf-8")
    several = run("classify", sounds / "noise.wav", sounds / "text.wav", "--labels", tmp_path / "mine.txt", "-k", 1, "--json")
    check("classify", several.document)
    assert (several.code, "error" in several.document[1]) == (1, True)
    for name in ("audioset", "ucs"):
        check("classify", run("classify", sounds / "chord.flac", "--labels", name, "--json").document)


def test_describe_one_and_several_files(run, furnished, tmp_path):
    sounds = furnished / "sounds"
    one = run("describe", sounds / "noise.wav", "-k", 3, "--json")
    check("describe", one.document)
    assert (one.code, len(one.document["captions"])) == (0, 3)
    similarities = [c["similarity"] for c in one.document["captions"]]
    assert similarities == sorted(similarities, reverse=True)
    (tmp_path / "mine.csv").write_text("caption\nwhite noise\na cat meows\n", "utf-8")
    several = run("describe", sounds / "noise.wav", sounds / "text.wav", "--captions", tmp_path / "mine.csv", "--json")
    check("describe", several.document)
    assert several.code == 1
    assert several.document[0]["captions"][0]["caption"] == "white noise"


# --- demo -------------------------------------------------------------------------------------------------------------


def test_demo_report(run, tmp_path, monkeypatch):
    """The demo's first part alone, on two voices; the whole of it is run by the set-up's own check."""
    for name in ("_live", "_sounds", "_maps"):
        monkeypatch.setattr(demo_module, name, lambda *arguments: None)
    monkeypatch.setattr(demo_module, "ENROLLED", 2)
    monkeypatch.setattr("engine.synthesis.espeak.espeak_voices", lambda: ())
    ran = run("demo", "--out", tmp_path / "demo", "--json")
    check("demo", ran.document)
    assert (ran.code, ran.document["ok"]) == (0, True), ran.document
    assert json.loads((tmp_path / "demo" / "report.json").read_text("utf-8")) == ran.document


# --- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("arguments", "code", "kind"), [
    (["voices", "remove", "Nobody"], 1, "voice-unknown"),
    (["voices", "rename", "Nobody", "Anna"], 1, "voice-unknown"),
    (["voices", "enroll", "Anna"], 2, "usage-error"),
    (["voices", "timeline", "gone.wav"], 1, "decode-error"),
    (["voices", "timeline", "gone.wav", "--export", "rttm"], 2, "usage-error"),
    (["voices", "timeline", "gone.wav", "--export", "doc", "--out", "a"], 2, "usage-error"),
    (["voices", "timeline", "gone.wav", "--name", "Anna"], 2, "usage-error"),
    (["voices", "timelines", "--remove", "7"], 1, "enrollment-error"),
    (["voices", "name-stranger", "7", "1", "Anna"], 1, "enrollment-error"),
    (["voices", "undo-naming"], 1, "enrollment-error"),
    (["voices", "enroll", "   ", "a.wav"], 2, "usage-error"),
    (["voices", "sing"], 2, "usage-error"),
    (["sing"], 2, "usage-error"),
    (["search"], 2, "usage-error"),
    (["search", "rain", "-k", "0"], 2, "usage-error"),
    (["search", "--minus", "rain"], 2, "usage-error"),
    (["search", "rain", "--minus", "Rain"], 2, "usage-error"),
    (["search", "rain", "--term", "cave"], 2, "usage-error"),
    (["search", "rain", "--term", "11:cave"], 2, "usage-error"),
    (["search", "--saved", "nothing"], 1, "library-error"),
    (["library", "untag", "nothing"], 1, "library-error"),
    (["library", "tag", "audioset", "--threshold", "2"], 2, "usage-error"),
    (["locate", "/nowhere/at/all.wav", "rain"], 1, "decode-error"),
    (["search", "rain", "--colour", "blue"], 2, "usage-error"),
    (["library", "add", "/nowhere/at/all"], 1, "library-error"),
    (["library", "remove", "/nowhere/at/all"], 1, "library-error"),
    (["models", "fetch", "wavenet"], 2, "usage-error"),
    (["map", "--out", "f.bmp"], 2, "usage-error"),
    (["map", "--out", "f.json"], 2, "usage-error"),
    (["map", "--out", "f.json", "--method", "magic"], 2, "usage-error"),
    (["map", "--out", "f.json", "--seed", "-1"], 2, "usage-error"),
    (["evaluate", "zero-shot", "--data", "/nowhere/at/all"], 2, "usage-error"),
    (["evaluate", "speakers", "--data", "/nowhere/at/all", "--seed", "-1"], 2, "usage-error"),
    (["evaluate", "speakers", "--data", ".", "--channel", "carrier pigeon"], 2, "usage-error"),
    (["train", "voice", "--data", ".", "--out", "nothing", "--false-accepts", "0"], 2, "usage-error"),
    (["evaluate", "zero-shot"], 2, "usage-error"),
    (["classify", "a.wav"], 2, "usage-error"),
    (["classify", "a.wav", "--label", " "], 2, "usage-error"),
    (["classify", "a.wav", "--label", "rain", "--labels", "ucs"], 2, "usage-error"),
    (["classify", "a.wav", "--label", "rain", "--template", "the sound"], 2, "usage-error"),
    (["classify", "a.wav", "--labels", "everything"], 2, "usage-error"),
    (["describe", "a.wav", "--captions", "gone.txt"], 2, "usage-error"),
    (["describe"], 2, "usage-error"),
    (["evaluate", "retrieval", "--data", "/nowhere/at/all"], 2, "usage-error"),
    (["evaluate", "retrieval", "--data", ".", "--captions", "magic"], 2, "usage-error"),
    (["devices", "--device", "tpu"], 2, "usage-error"),
    (["devices", "--device"], 2, "usage-error"),
], ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_errors(run, tmp_path, monkeypatch, arguments, code, kind):
    monkeypatch.chdir(tmp_path)
    if arguments == ["devices", "--device"]:
        from engine import cli

        assert cli.main(["--workspace", str(tmp_path / "w"), "devices", "--json", "--device"]) == 2
        return
    ran = run(*arguments, "--json")
    check("errors", ran.document)
    assert (ran.code, ran.document["error"]["kind"]) == (code, kind)
    words = run(*arguments)
    assert words.out == ""
    assert words.err.startswith("earmark: ")
    assert words.err.count("\n") == 1, f"one line why, not: {words.err}"


@pytest.mark.parametrize("arguments", [[], ["voices"], ["library"], ["models"], ["evaluate"]])
def test_where_a_command_is_missing_the_help_lists_them(run, arguments):
    ran = run(*arguments, "--json")
    check("errors", ran.document)
    assert (ran.code, ran.document["error"]["kind"]) == (2, "usage-error")
    assert "\n" not in ran.document["error"]["message"]
    assert "Commands:" in ran.err


def test_an_example_that_is_not_there_is_an_error_of_its_own(run, furnished):
    ran = run("search", "--like", furnished / "gone.wav", "--json", workspace=furnished / "workspace")
    check("errors", ran.document)
    assert (ran.code, ran.document["error"]["kind"]) == (1, "decode-error")


def test_no_microphone_is_a_sentence(run, monkeypatch):
    monkeypatch.setattr("engine.audio.microphone.find", _no_device)
    ran = run("live", "--seconds", 1, "--json")
    check("errors", ran.document)
    assert (ran.code, ran.document["error"]["kind"]) == (1, "device-error")


def _no_device(kind, name):
    raise DeviceError("No microphone was found.")


def test_voices_calibrate(run, tmp_path):
    check("voices calibrate", run("voices", "calibrate", "--json").document)
    for voice in (1, 2):
        run("voices", "enroll", f"Voice {voice}", *write_takes(tmp_path / "takes", voice, 2))
    found = run("voices", "calibrate", "--json").document
    check("voices calibrate", found)
    assert (found["voices"], found["takes"], found["suggested"]) == (2, 4, None)
    assert "Too little to tell" in found["why"]
    refused = run("voices", "calibrate", "--set", "--json")
    assert (refused.code, refused.document["error"]["message"]) == (1, found["why"])


def test_evaluate_speakers_with_strangers(run, tmp_path, monkeypatch):
    monkeypatch.setattr("engine.evaluation.open_set.STRANGER_CROPS", 30)  # the real 1,000 take a minute
    for voice in (1, 2):
        write_takes(tmp_path / "data" / f"speaker {voice}", voice, 2)
    write_takes(tmp_path / "strangers", 3, 2)
    ran = run("evaluate", "speakers", "--data", tmp_path / "data", "--strangers", tmp_path / "strangers", "--backend", "cosine",
              "--lists", tmp_path / "lists.csv", "--json")
    check("evaluate speakers", ran.document)
    assert {r["length_s"] for r in ran.document["open_set"]} == {1.5, 3, None}  # nobody speaks for 5 s
    assert {r["backend"] for r in ran.document["open_set"]} == {"cosine to centroid"}
    assert all(n == 30 for k, n in ran.document["open_set_lists"]["stranger_crops"].items() if k != "5 s")
    assert len((tmp_path / "lists.csv").read_text("utf-8").splitlines()) > 90
    write_takes(tmp_path / "data" / "speaker 3", 3, 2)
    ran = run("evaluate", "speakers", "--data", tmp_path / "data", "--in-turn", "--enroll", "1", "--encoder", "ge2e", "--json")
    check("evaluate speakers", ran.document)
    assert (ran.document["open_set_lists"]["in_turn"], ran.document["open_set_lists"]["strangers"]) == (True, 3)
    assert run("evaluate", "speakers", "--data", tmp_path / "data", "--in-turn", "--strangers", tmp_path / "strangers").code == 2
    assert run("evaluate", "speakers", "--data", tmp_path / "data", "--lists", "l.csv").code == 2
    assert run("evaluate", "speakers", "--data", tmp_path / "data", "--backend", "magic").code == 2


def test_a_folder_without_sounds_is_not_called_an_empty_library(run, tmp_path):
    (tmp_path / "music").mkdir()
    (tmp_path / "music" / "song.mid").touch()
    run("library", "add", tmp_path / "music")
    said = " ".join(run("library", "scan").out.split())
    assert "0 could not be read" in said and "Passed over, because they are no sounds by their names: 1 .mid (song.mid)." in said
    asked = run("search", "rain").out
    assert "Add a folder" not in asked and "No sound of the library is indexed" in asked
