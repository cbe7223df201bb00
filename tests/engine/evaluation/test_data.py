"""Folders as measurements want them: labels from folder names or a table, speakers from folders."""

from __future__ import annotations

import numpy as np
import pytest

from engine.audio import files
from engine.errors import UsageError
from engine.evaluation.data import label_of, sounds, utterances
from engine.records import Audio


@pytest.mark.parametrize(("folder", "label"), [
    ("001 - Dog bark", "dog bark"), ("sea_waves", "sea waves"), ("Rain", "rain"), ("12_Clock__tick", "clock tick"),
    ("3.Door", "door"), ("  White   noise ", "white noise"), ("808 kick", "808 kick"), ("007", "007"),
])
def test_labels_are_folder_names_without_numbers_and_underscores(folder, label):
    assert label_of(folder) == label


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        files.write(folder / name, Audio(np.zeros(10, np.float32), 8_000))


def test_sounds_are_labelled_by_their_outermost_folder(tmp_path):
    touch(tmp_path, "002 - Rain/b.wav", "002 - Rain/wet/a.flac", "001 - Dog/x.wav", "stray.wav")
    (tmp_path / "001 - Dog" / "notes.txt").write_text("no sound")
    assert [(str(i.path.relative_to(tmp_path)), i.label) for i in sounds(tmp_path)] == [
        ("001 - Dog/x.wav", "dog"), ("002 - Rain/b.wav", "rain"), ("002 - Rain/wet/a.flac", "rain")]


def test_a_table_goes_before_folders_and_keeps_its_order(tmp_path):
    touch(tmp_path, "a/1.wav", "a/2.wav", "b/3.wav")
    table = "\ufefffilename,fold,label\na/2.wav,1,Sea_waves\nb/3.wav,1,001 - Dog\n"
    (tmp_path / "labels.csv").write_text(table, "utf-8")
    assert [(i.path.name, i.label) for i in sounds(tmp_path)] == [("2.wav", "sea waves"), ("3.wav", "dog")]


@pytest.mark.parametrize(("table", "words"), [
    ("filename,label\na.wav,dog\ngone.wav,cat\n", "1 files of .*labels.csv are not there, for instance gone.wav"),
    ("file,label\na.wav,dog\n", "needs the columns filename and label"),
    ("filename,label\n", "needs the columns filename and label"),
    ("", "needs the columns filename and label"),
    ("filename,label\na.wav,dog\na.wav\n", "Row 2 .* lacks"),
    ("filename,label\na.wav,dog\n,cat\n", "Row 2 .* lacks"),
    ("filename,label\na.wav,dog\na.wav,\n", "Row 2 .* lacks"),
    ("filename,label\na.wav,dog\na.wav,Dog\n", "at least two of them"),
], ids=["missing file", "missing column", "no rows", "empty", "short row", "no filename", "no label", "one label"])
def test_a_table_that_cannot_be_used_says_why(tmp_path, table, words):
    touch(tmp_path, "a.wav")
    (tmp_path / "labels.csv").write_text(table, "utf-8")
    with pytest.raises(UsageError, match=words):
        sounds(tmp_path)


def test_a_table_that_is_no_text_says_so(tmp_path):
    (tmp_path / "labels.csv").write_bytes(b"filename,label\n\xff\xfe,dog\n")
    with pytest.raises(UsageError, match="cannot be read"):
        sounds(tmp_path)


def test_one_class_nothing_or_no_folder_is_nothing_to_measure(tmp_path):
    with pytest.raises(UsageError, match="There is no folder"):
        sounds(tmp_path / "gone")
    with pytest.raises(UsageError, match="at least two of them"):
        sounds(tmp_path)
    touch(tmp_path, "dog/a.wav", "dog/b.wav")
    with pytest.raises(UsageError, match="a folder for each class"):
        sounds(tmp_path)
    with pytest.raises(UsageError, match="a folder for each speaker"):
        utterances(tmp_path)


def test_speakers_keep_the_name_of_their_folder(tmp_path):
    touch(tmp_path, "84_x/ch1/a.wav", "84_x/b.wav", "1272/c.wav")
    assert [i.label for i in utterances(tmp_path)] == ["1272", "84_x", "84_x"]
