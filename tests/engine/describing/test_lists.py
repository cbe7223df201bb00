"""Lists of labels: what people have in their files, and what cannot be a list."""

from __future__ import annotations

import json

import pytest

from engine.describing.captions import load_captions
from engine.describing.lists import LARGEST_BYTES, TagList, tag_list
from engine.errors import UsageError
from engine.weights import Weights


@pytest.fixture
def read(tmp_path):
    """Write a file, read it as a list of labels."""
    def call(name, content):
        data = content if isinstance(content, bytes) else content.encode()
        (tmp_path / name).write_bytes(data)
        return tag_list(tmp_path / name, Weights())
    return call


@pytest.mark.parametrize("content", [
    "rain\nsea waves\ndog\n", "rain\r\nsea waves\r\ndog\r\n", "rain\rsea waves\rdog", b"\xef\xbb\xbfrain\nsea waves\ndog",
    "\n\n  rain \n\t\nsea \t waves\ndog", "rain\nRAIN\nsea waves\nSea  Waves\ndog\nrain", "rain\nsea\x00waves\ndog\x07\n\x01\n"],
    ids=["plain", "CRLF", "CR", "BOM", "blank lines", "twice", "control characters"])
def test_lines_of_text_files(read, content):
    found = read("mine.txt", content)
    assert (found.labels, found.texts, found.name) == (("rain", "sea waves", "dog"),) * 2 + ("mine.txt",)


def test_one_label_is_a_list_and_ten_thousand_are(read):
    assert read("one.txt", "rain").labels == ("rain",)
    many = read("many.txt", "\n".join(f"label {n}" for n in range(10_000)))
    assert (len(many.labels), many.labels[-1]) == (10_000, "label 9999")
    with pytest.raises(UsageError, match="has 20,001 labels"):
        read("many.txt", "\n".join(f"label {n}" for n in range(20_001)))


def test_there_are_no_comments(read):
    """A hash may begin a label; nothing is left out that was not said to be."""
    assert read("mine.txt", "# rain\nwind").labels == ("# rain", "wind")


def test_tables_have_labels_and_texts(read):
    found = read("mine.csv", "\ufefftext,label,more\r\nrain falls,Rain,1\r\n,Wind,2\r\n\"a \"\"dog\"\"\",Dog,3\r\n")
    assert (found.labels, found.texts) == (("Rain", "Wind", "Dog"), ("rain falls", "Wind", 'a "dog"'))
    assert read("short.csv", "label\nrain\n\nwind\n").texts == ("rain", "wind")
    assert read("cut.csv", "label,text\nrain\nwind,a wind\n").texts == ("rain", "a wind")


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("said", [False, True])
@pytest.mark.parametrize("suffix", ["csv", "tsv"])
def test_tables_as_spreadsheets_of_all_countries_write_them(read, mark, coding, ends, said, suffix):
    rows = [["Label ", "text", "note"], ["Rain", "rain, falling; hard", ""], ["Bär", "a \"bear\"", "1,5"], ["dog", "", ""]]
    lines = [f"sep={mark}"] * said + [mark.join(f'"{cell.replace(chr(34), chr(34) * 2)}"' if any(
        one in cell for one in ',;"') else cell for cell in row) for row in rows]
    found = read(f"mine.{suffix}", ends.join(lines).encode(coding))
    assert (found.labels, found.texts) == (("Rain", "Bär", "dog"), ("rain, falling; hard", 'a "bear"', "dog"))


def test_a_table_of_one_column_may_hold_any_mark(read):
    assert read("one.csv", 'label\nrain; hard\nwind\n').labels == ("rain; hard", "wind")


def test_json_has_labels_or_objects(read):
    found = read("mine.json", json.dumps(["rain", {"label": "Wind", "text": "a wind"}, {"label": "dog"}]))
    assert (found.labels, found.texts) == (("rain", "Wind", "dog"), ("rain", "a wind", "dog"))


@pytest.mark.parametrize(("name", "content", "says"), [
    ("a.txt", "", "no label"), ("a.txt", " \n\t\n\x07", "no label"), ("a.txt", "\ufeff", "no label"),
    ("a.txt", b"RIFF\xff\xfe\x00\x00WAVE", "not UTF-8"), ("a.txt", "Bär".encode("cp1252"), "not UTF-8"),
    ("a.csv", "", "column label"), ("a.csv", "label\n", "at least one row"), ("a.csv", "name\nrain\n", "column label"),
    ("a.csv", "label\n\" \"\n", "no label"), ("a.csv", "label,text\n\"" + "x" * 200_000 + "\"\n", "cannot be read as a table"),
    ("a.json", "", "not valid JSON"), ("a.json", "{}", "must hold a list"), ("a.json", "[]", "no label"),
    ("a.json", "[" * 99_999, "JSON"), ("a.json", "[1]", "Entry 1"), ("a.json", '["rain", {"text": "x"}]', "Entry 2"),
    ("a.json", '[{"label": "x", "text": 3}]', "Entry 1"),
    ("a.xls", "rain", "no list"), ("a.txt", b"x" * (LARGEST_BYTES + 1), "larger than")],
    ids=lambda value: None if isinstance(value, bytes) else str(value)[:20])
def test_what_is_no_list_is_said(read, name, content, says):
    with pytest.raises(UsageError, match=says):
        read(name, content)


def test_files_that_are_not_there_or_are_folders(tmp_path):
    with pytest.raises(UsageError, match="There is no file"):
        tag_list(tmp_path / "gone.txt", Weights())
    (tmp_path / "folder.txt").mkdir()
    with pytest.raises(UsageError, match="cannot be read"):
        tag_list(tmp_path / "folder.txt", Weights())
    with pytest.raises(UsageError, match="no list “birds”"):
        tag_list("birds", Weights())


def test_labels_that_are_typed():
    assert TagList.of(["a dog\ud800", " ", "A  DOG", "cat"]).labels == ("a dog", "cat")
    with pytest.raises(UsageError, match="not blank"):
        TagList.of(["", "\x00", "\ud800"])


@pytest.mark.parametrize("name", ["audioset", "UCS"])
def test_the_lists_that_come_with_the_program(name):
    found = tag_list(name, Weights())
    assert len(found.labels) == {"audioset": 521, "UCS": 737}[name]
    assert all(found.texts)
    assert len({label.casefold() for label in found.labels}) == len(found.labels)
    assert not any("misc" in text for text in found.texts)


@pytest.mark.parametrize(("name", "content"), [
    ("c.txt", "\ufeffa dog barks\r\n\r\nrain\r\nA dog  barks\r\n"),
    ("c.csv", "file,caption\n1.wav,a dog barks\n2.wav,rain\n3.wav,\n"),
    ("c.csv", "file_name,caption_1,caption_2\n1.wav,a dog barks,rain\n2.wav,rain,\n"),
    ("c.json", '["a dog barks", {"caption": "rain", "file": "x"}, " "]')], ids=["txt", "csv", "AudioCaps", "json"])
def test_captions_of_ones_own(tmp_path, name, content):
    (tmp_path / name).write_text(content, "utf-8", newline="")
    assert load_captions(tmp_path / name) == ("a dog barks", "rain")


@pytest.mark.parametrize(("name", "content", "says"), [
    ("c.txt", "\n \n", "no caption"), ("c.csv", "text\nrain\n", "column caption"), ("c.json", '[{"text": "rain"}]', "Entry 1"),
    ("c.json", "null", "must hold a list"), ("c.wav", "rain", "no list of captions")])
def test_captions_that_are_none(tmp_path, name, content, says):
    (tmp_path / name).write_text(content, "utf-8")
    with pytest.raises(UsageError, match=says):
        load_captions(tmp_path / name)
