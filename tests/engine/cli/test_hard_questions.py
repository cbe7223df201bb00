"""Questions and sounds that people do give, with the default encoder: each has a clear result or one clear sentence."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine import cli
from engine.errors import UsageError
from engine.records import Term
from tests.engine.cli.test_schemas import check

RNG = np.random.default_rng(0)
WORDS = {"long": "dog " * 10_000, "emoji": "🐕🔥", "control": "dog\x00\x07\x1bbark", "half a character": "rain \ud800",
         "a byte": "rain \udcff", "braces": "{label} {0} %s", "right to left": "\u202erain",
         "quotes": "'; drop table sounds --\""}
NO_WORDS = {"empty": "", "blank": " \t ", "control only": "\x00\x07", "half only": "\ud800", "no width": "\u200b\u200d",
            "marks": "?!…"}
NOT_READ = {"chinese": "狗叫", "thai": "เสียงฝน"}
SOUNDS = {"short.wav": 0.02, "silence.wav": 3.0, "one sample.wav": 0.0, "fine.wav": 2.0}
BROKEN = {"nan.wav": "no numbers", "empty.wav": "empty", "text.wav": "not a sound file"}


@pytest.fixture(scope="module")
def hard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of such sounds, in a workspace that has read it."""
    folder = tmp_path_factory.mktemp("hard")
    sounds = folder / "sounds"
    sounds.mkdir()
    soundfile.write(sounds / "noise.wav", RNG.normal(0, 0.1, 16_000 * 5), 16_000)
    soundfile.write(sounds / "short.wav", RNG.normal(0, 0.1, 882), 44_100)
    soundfile.write(sounds / "silence.wav", np.zeros(16_000 * 3), 16_000)
    soundfile.write(sounds / "one sample.wav", np.array([0.5]), 16_000)
    soundfile.write(sounds / "fine.wav", RNG.normal(0, 0.1, (2 * 192_000, 2)), 192_000, subtype="PCM_24")
    nan = RNG.normal(0, 0.1, 32_000).astype(np.float32)
    nan[100] = np.nan
    soundfile.write(sounds / "nan.wav", nan, 16_000, subtype="FLOAT")
    (sounds / "empty.wav").write_bytes(b"")
    (sounds / "text.wav").write_text("no sound at all, only words in a file with the wrong ending")
    assert cli.main(["--workspace", str(folder / "workspace"), "library", "add", str(sounds)]) == 0
    assert cli.main(["--workspace", str(folder / "workspace"), "library", "scan"]) == 1
    return folder


@pytest.fixture
def ask(run, hard):
    """Run a command with --json in that workspace; its exit code and its document."""
    def call(*arguments: object):
        ran = run(*arguments, "--json", workspace=hard / "workspace")
        return ran.code, ran.document
    return call


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_odd_words_have_a_result(ask, hard, run, words):
    noise = hard / "sounds" / "noise.wav"
    code, found = ask("search", words)
    check("search", found)
    assert (code, len(found["results"])) == (0, 5)
    code, found = ask("locate", noise, words)
    check("locate", found)
    assert (code, len(found["curve"])) == (0, 4)
    code, found = ask("classify", noise, "--label", words, "--label", "white noise")
    check("classify", found)
    assert (code, len(found["labels"]), found["labels"][0]["label"]) == (0, 2, "white noise")
    code, found = ask("search", "noise", "--minus", words)
    check("search", found)
    assert code == 0
    words = run("search", words, workspace=hard / "workspace")  # as a table
    assert words.code == 0 and "\x1b" not in words.out and "\x07" not in words.out


def test_a_pictogram_is_what_it_is_called(ask):
    drawn, said = ask("search", "🌧")[1], ask("search", "cloud with rain")[1]
    assert [r["similarity"] for r in drawn["results"]] == pytest.approx([r["similarity"] for r in said["results"]], abs=1e-5)


@pytest.mark.parametrize("words", [*NO_WORDS.values(), *NOT_READ.values()], ids=[*NO_WORDS, *NOT_READ])
def test_what_says_nothing_is_refused_in_a_sentence(ask, hard, words):
    for arguments in (("search", words), ("locate", hard / "sounds" / "noise.wav", words)):
        code, found = ask(*arguments)
        check("errors", found)
        assert (code, found["error"]["kind"]) == (2, "usage-error")
        assert "went wrong" not in found["error"]["message"]
    if words.strip():
        assert ask("search", "noise", "--minus", words)[0] == 2


def test_labels_that_say_nothing_are_no_labels(ask, hard):
    noise = hard / "sounds" / "noise.wav"
    nothing = [part for words in ("", " ", "\x00", "\ud800") for part in ("--label", words)]
    code, found = ask("classify", noise, *nothing, "--label", "noise")
    check("classify", found)
    assert (code, [one["label"] for one in found["labels"]]) == (0, ["noise"])
    for arguments in (nothing, ["--label", "rain", "--label", "狗叫"]):
        code, found = ask("classify", noise, *arguments)
        check("errors", found)
        assert code == 2


@pytest.mark.parametrize("template", ["", "{label", "{label}{label}", "{}", "{label!r}", "a" * 5000 + "{label}"],
                         ids=lambda t: t[:9])
def test_templates_that_are_none_are_refused(ask, hard, template):
    code, found = ask("classify", hard / "sounds" / "noise.wav", "--label", "rain", "--template", template)
    check("errors", found)
    assert (code, found["error"]["kind"]) == (2, "usage-error")


@pytest.mark.parametrize("template", ["\ud800{label}", "{label}\x00", "{label} {x.__class__}"], ids=["half", "control", "braces"])
def test_templates_with_odd_signs_do(ask, hard, template):
    code, found = ask("classify", hard / "sounds" / "noise.wav", "--label", "rain", "--template", template)
    check("classify", found)
    assert code == 0


@pytest.mark.parametrize("name", SOUNDS)
def test_odd_sounds_have_a_result(ask, hard, name):
    path = hard / "sounds" / name
    code, found = ask("classify", path, "--label", "rain", "--label", "noise")
    check("classify", found)
    assert code == 0
    code, found = ask("describe", path)
    check("describe", found)
    assert (code, found["duration_s"]) == (0, pytest.approx(SOUNDS[name], abs=1e-3))
    if name in ("silence.wav", "one sample.wav"):
        assert "silence" in found["captions"][0]["caption"]
    code, found = ask("search", "--like", path)
    check("search", found)
    assert (code, found["results"][0]["path"]) == (0, str(path))
    code, found = ask("locate", path, "noise")
    check("locate", found)
    assert (code, len(found["curve"]), bool(found["spans"])) == (0, max(1, int(SOUNDS[name]) - 1), name == "fine.wav")
    code, found = ask("locate", hard / "sounds" / "noise.wav", "--like", path)
    check("locate", found)
    assert code == 0
    code, found = ask("search", "noise", "--minus-like", path)
    check("search", found)
    assert code == 0


@pytest.mark.parametrize(("name", "says"), BROKEN.items())
def test_broken_sounds_are_named_with_the_reason(ask, hard, name, says):
    path = hard / "sounds" / name
    for arguments in (("classify", path, "--label", "rain"), ("describe", path)):
        code, found = ask(*arguments)
        check(arguments[0], found)
        assert (code, found["file"]) == (1, str(path)) and says in found["error"]
    noise = hard / "sounds" / "noise.wav"
    for arguments in (("search", "--like", path), ("locate", path, "noise"), ("locate", noise, "--like", path)):
        code, found = ask(*arguments)
        check("errors", found)
        assert (code, found["error"]["kind"]) == (1, "decode-error") and says in found["error"]["message"]


def test_measuring_a_folder_with_all_of_them(ask, run, hard, tmp_path):
    for place, label in enumerate(("a", "b")):
        (tmp_path / label).mkdir()
        for name in (*SOUNDS, *BROKEN) if not place else ("noise.wav",):
            (tmp_path / label / name).symlink_to(hard / "sounds" / name)
    for command in ("zero-shot", "classify", "retrieval", "captions"):
        names = ["--captions", "names"] if command in ("retrieval", "captions") else []
        code, found = ask("evaluate", command, "--data", tmp_path, *names)
        check(f"evaluate {command}", found)
        assert (code, sorted(Path(one["file"]).name for one in found["failed"])) == (1, sorted(BROKEN)), command
        assert found.get("n", 5) == 5


def test_the_engine_says_the_same(hard):
    from engine.app import Earmark
    from tests.true_models import models

    with Earmark(hard / "workspace", "cpu") as app:
        app.models._loaded |= {"joint compact": models().joint_named("compact")}
        for words in (*NO_WORDS.values(), *NOT_READ.values()):
            with pytest.raises(UsageError):
                app.library.search(words)
            with pytest.raises(UsageError):
                app.library.localise(hard / "sounds" / "noise.wav", terms=[Term(words)])
        for words in WORDS.values():
            found = app.library.search(terms=[Term(words), Term(like=hard / "sounds" / "short.wav", weight=-0.5)])
            assert len(found.matches) == 5
            json.dumps([match.similarity for match in found.matches], allow_nan=False)


def test_names_that_no_database_takes_are_names_of_nothing(ask):
    for name in ("\udcff", "\ud800"):
        for arguments in (("search", "--saved", name), ("library", "untag", name), ("library", "forget-query", name),
                          ("library", "rename-query", name, "rain"), ("search", "rain", "--tag", name)):
            code, found = ask(*arguments)
            check("errors", found)
            assert (code == 1 and "called" in found["error"]["message"]) or found["error"]["kind"] == "tag-unknown", arguments


def test_a_line_that_says_why_is_no_page(ask, hard):
    endless = "x" * 100_000
    for arguments in (("search", "rain", "--tag", endless), ("search", "--saved", endless), ("locate", endless, "rain"),
                      ("library", "tag", endless)):
        code, found = ask(*arguments)
        check("errors", found)
        assert code in (1, 2) and len(found["error"]["message"]) < 1_100, arguments
    assert ask("locate", "/", "rain")[1]["error"]["message"] == "/: this is a folder, not a sound file."


def test_a_search_kept_in_place_of_another_says_so(run, hard):
    first = run("search", "rain", "--save", "It's wet", workspace=hard / "workspace")
    assert first.code == 0 and "in place of" not in first.err
    again = run("search", "wind", "--save", "IT'S  wet", workspace=hard / "workspace")
    assert "Kept as “IT'S wet”, in place of “It's wet”." in again.err
    assert again.err.rstrip().endswith("""--saved 'IT'"'"'S wet'""")
    assert run("library", "forget-query", "it's wet", workspace=hard / "workspace").code == 0


def test_folders_whose_names_no_system_takes(ask):
    for arguments in (("library", "add", "x" * 5_000), ("evaluate", "zero-shot", "--data", "x" * 5_000),
                      ("evaluate", "retrieval", "--data", "x" * 5_000)):
        code, found = ask(*arguments)
        check("errors", found)
        assert code in (1, 2) and "no folder" in found["error"]["message"], arguments
