"""Text from outside: what a terminal, a spreadsheet and a list of names may be given of it."""

from __future__ import annotations

import csv
import io
from xml.etree import ElementTree

import pytest

from engine.cli.voices import words
from engine.records import Identification, TimelineTrack
from engine.texts import as_name, cell, csv_table, decoded, is_label, is_name, name_fault, shown, xml


@pytest.mark.parametrize(("text", "line"), [
    ("Zoë 声 👩‍🚀 می‌خواهم", "Zoë 声 👩‍🚀 می‌خواهم"), ("a\nb\r\tc", "a\\nb\\r\\tc"), ("\x1b[31mred", "\\x1b[31mred"),
    ("a\u202eb\u2066c\u200e", "a\\u202eb\\u2066c\\u200e"), ("line\u2028end\u2029", "line\\u2028end\\u2029"),
    ("caf\udce9", "caf\\xe9"), ("half \ud83d", "half \\ud83d"), ("\x85\x9b31m", "\\x85\\x9b31m"),
    ("no\u00a0break\u3000", "no\u00a0break\u3000"),
    ("[/x] [bold]", "[/x] [bold]"), ("", "")])
def test_what_cannot_be_seen_is_shown_as_its_number(text, line):
    assert shown(text) == line
    assert shown(text).encode("utf-8").decode("utf-8") == line


def test_bytes_and_halves_are_decoded_and_nothing_else():
    assert decoded("a\n\x1b ü") == "a\n\x1b ü"
    assert decoded("\udcff\ud800") == "\\udcff\\ud800"
    assert decoded("\udcff") == "\\xff"


@pytest.mark.parametrize(("text", "fits"), [
    ("Anna", True), ("  Anna B \n", True), ("[/x]", True), ("=cmd()", True), ("👩‍🚀", True), ("", False), (" \n", False),
    ("A\nB", False), ("A\rB", False), ("A\tB", False), ("A\x1b[0mB", False), ("A\u202eB", False), ("A\u2028B", False),
    ("A\x00", False), ("A\ud800", False), ("A\x7f", False), ("A\ufeffB", False)])
def test_a_name_is_one_line_of_what_can_be_seen(text, fits):
    assert is_name(text) is fits
    assert not as_name(text) or is_name(as_name(text))


@pytest.mark.parametrize("name", [
    "Stranger 1", "stranger 12", "Stranger  3", "STRANGER 1", "Stranger1", "stranger_1", "Stranger-1", "Stranger #1",
    "(Stranger 1)", "Stranger", "Stranger 1 (2)", "Stranger_1_2", "Ｓtranger １", "Stranger\u00a01", "Stranger\u30001",
    "Stran\u200dger 1", "Stranger ١", "unknown", "Unknown", "UNKNOWN.", "unknown 2", "Unknown_2", "nobody", "Nobody speaks",
    "Nobody known", "somebody", "Somebody unknown", "too short", "too-short", "perhaps Anna", "Perhaps  anna", "<NA>"])
def test_what_the_program_says_for_somebody_unknown_is_no_name(name):
    assert is_label(name)
    assert name_fault(name) == (f"“{' '.join(name.split())}” is what Earmark itself says where it is not sure who speaks. "
                                "Choose another name.")


@pytest.mark.parametrize("name", [
    "Anna", "Stranger Danger", "Strangers 1", "Mr Stranger", "Camus, The Stranger", "Imported Stranger 1", "Unknown Soldier",
    "Nobody Owens", "Na", "1", "Stranger 1 is Anna", "Perhapsa", "声", "👩‍🚀", "–"])
def test_what_only_resembles_it_is_one(name):
    assert not is_label(name)
    assert name_fault(name) is None


@pytest.mark.parametrize("kind", ["voices", "session"])
def test_every_label_of_somebody_unknown_is_known_as_one(kind):
    """In records, which exports write, and in what lines of a terminal begin with."""
    nobody = Identification("unknown", None, None, None, None, 3.0)
    short = Identification("too-short", None, None, None, None, 0.5)
    perhaps = Identification("tentative", None, "Anna", 0.7, None, 3.0)
    said = [words(nobody), words(nobody, 7), words(short), words(perhaps)] if kind == "session" else [
        TimelineTrack(0, None, None, number, None, "unknown", None, 1.0, 0).label for number in (None, 1, 23)]
    assert all(is_label(line.split(" · ")[0]) for line in said), said


@pytest.mark.parametrize(("value", "written"), [
    ("=cmd()", "'=cmd()"), ("+1 Anna", "'+1 Anna"), ("-x", "'-x"), ("@SUM(A1)", "'@SUM(A1)"), ("\t=1", "'\t=1"),
    ("\r=1", "'\\r=1"),
    ("＝cmd", "'＝cmd"), ("-0.25", "-0.25"), ("+1e-3", "+1e-3"), (-0.25, -0.25), (None, None), (7, 7), ("a=b", "a=b"),
    ("a\x1b[0m", "a\\x1b[0m"), ("caf\udce9", "caf\\xe9"), ("Anna", "Anna"), ("-1+1", "'-1+1"), ("two\nlines", "two\nlines")])
def test_no_cell_is_a_formula_and_numbers_stay_numbers(value, written):
    assert cell(value) == written


def test_a_table_is_read_again_as_it_was_written():
    head, rows = ("name", "x"), [("=1,\"2\"", -0.5), ("a\nb", None)]
    assert list(csv.reader(io.StringIO(csv_table(head, rows).decode("utf-8"), newline=""))) == [
        ["name", "x"], ["'=1,\"2\"", "-0.5"], ["a\nb", ""]]


def test_a_picture_with_a_hostile_name_stays_xml():
    assert ElementTree.fromstring(xml("<a>x\x1b[0m\x00\n\uffff ü</a>".encode())).text == "x�[0m�\n� ü"
