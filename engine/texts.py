"""Text that comes from outside (names, file names, words of errors): how it is shown, put in a table, and kept as a name.

What somebody calls a voice or a file is never believed: it may hold line breaks that would look like lines of ours, codes that a
terminal obeys, marks that turn the direction of writing, or a formula that a spreadsheet would run.
"""

from __future__ import annotations

import codecs
import csv
import io
import os
import re
import unicodedata
from collections.abc import Iterable, Sequence

JOINERS = "\u200c\u200d"
"""Letters of Persian and of Indian scripts, and emoji, are joined or parted by these; all else that is unseen may do harm."""
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")  # categories of Unicode
_SEPARATORS = (",", ";", "\t")
_SEPARATOR = re.compile(r"(?i:sep)=([,;\t])")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # what begins one, in East Asian width too
_NO_JOINERS = dict.fromkeys(map(ord, JOINERS))
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?", re.IGNORECASE)
_LABEL = re.compile(r"(stranger|unknown|nobody|somebody|somebody unknown|nobody (known|speaks)|too short)( ?\d+)*|perhaps\b.*")
_WORD = re.compile(r"[^\W_]+")
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def name_key(name: str) -> str:
    """What makes two names the same: NFC, case folded, single spaces.

    Halves of characters (of bytes that are no UTF-8), which a database cannot take, become NUL: no name holds either.
    """
    whole = name if name.isascii() else "".join("\0" if "\ud800" <= letter <= "\udfff" else letter for letter in name)
    return unicodedata.normalize("NFC", " ".join(unicodedata.normalize("NFC", whole).casefold().split()))


def unseen(letter: str) -> bool:
    """Whether one character is a control, a line break, a mark of direction or a half: nothing that one can see."""
    return unicodedata.category(letter) in _UNSEEN and letter not in JOINERS


def decoded(text: str) -> str:
    """Bytes of a file name that are no UTF-8, and halves of characters, as their numbers: “caf\\xe9.wav”."""
    if not any("\ud800" <= letter <= "\udfff" for letter in text):
        return text
    try:
        return os.fsencode(text).decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # a half that stands for no byte
        return text.encode("utf-8", "backslashreplace").decode("utf-8")


def shown(text: str, allowed: str = "") -> str:
    """Text in one line, as a terminal or a log may be given it: what cannot be seen is written as its number.

    allowed: characters that stay all the same.
    """
    return "".join(repr(letter)[1:-1] if unseen(letter) and letter not in allowed else letter for letter in decoded(text))


def is_name(text: str) -> bool:
    """Whether this may be the name of something: one line of characters that can be seen, and not nothing."""
    return bool(text.strip()) and not any(unseen(letter) for letter in text.strip())


def is_label(name: str) -> bool:
    """Whether the program itself says this in the place of a name: “Stranger 2”, “unknown”, “perhaps Anna”.

    However it is written: in capitals, with other spaces or signs between the words (“stranger_2” stands in RTTM), in East Asian
    width.
    """
    plain = unicodedata.normalize("NFKC", name).translate(_NO_JOINERS).casefold()
    return _LABEL.fullmatch(" ".join(_WORD.findall(plain))) is not None or plain.strip() == "<na>"  # nobody, in RTTM


def name_fault(name: str) -> str | None:
    """Why a new voice cannot be called this, in a sentence; None where it can. Voices that have such a name keep it."""
    if not name.strip():
        return "A voice needs a name."
    if not is_name(name):
        return ("The name of a voice is one line of characters that can be seen; this one holds a line break, a tab or another "
                "that cannot.")
    if is_label(name):
        return f"“{' '.join(name.split())}” is what Earmark itself says where it is not sure who speaks. Choose another name."
    return None


def as_name(text: str) -> str:
    """The nearest thing that may be a name: what cannot be seen becomes a space. Empty where nothing is left."""
    return " ".join("".join(" " if unseen(letter) else letter for letter in text).split())


def cell(value: object) -> object:
    """A cell of a table that no spreadsheet takes for a formula and no terminal obeys; numbers stay numbers.

    Text that begins like a formula gets an apostrophe before it, which spreadsheets take for “this is text”.
    """
    if not isinstance(value, str) or _NUMBER.fullmatch(value):
        return value
    return shown(f"'{value}" if value.startswith(_FORMULA) else value, allowed="\n\t")  # a cell in quotes holds these


def csv_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A table as CSV (RFC 4180), UTF-8, every cell as `cell` makes it."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(head)
    writer.writerows([cell(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8")


def text_from(data: bytes) -> str:
    """What a text file says: UTF-8, with or without a byte order mark, or UTF-16 with one, as spreadsheets write it. All ends of
    lines become single line feeds. Raises UnicodeDecodeError."""
    coding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    return io.TextIOWrapper(io.BytesIO(data), coding).read()


def table_rows(text: str) -> list[dict[str, str]]:
    """The rows of a table by the names in its first line, in lower case; cells that are missing are empty.

    Columns are parted by commas, semicolons (spreadsheets in countries with a decimal comma) or tabs: by what parts the first
    line into most names. A line “sep=;” before it says so. Raises csv.Error.
    """
    head, _, rest = text.partition("\n")
    said = _SEPARATOR.fullmatch(head.strip(" \r"))
    if said:
        text = rest
    mark = said[1] if said else max(_SEPARATORS, key=lambda one: len(next(csv.reader(io.StringIO(text), delimiter=one), [])))
    reader = csv.DictReader(io.StringIO(text), restval="", delimiter=mark)
    reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or []]
    return list(reader)


def xml(document: bytes) -> bytes:
    """An XML document (UTF-8) without the characters that XML does not know."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", document.decode("utf-8", "replace")).encode("utf-8")
