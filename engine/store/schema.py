"""The tables, as they are at the newest revision. A change here needs a migration beside it.

    encoder_spec ── sample ── take ── voice
         └───────── span ──── sound ── folder ── failed_file
                                └── sound_tag ── tag_list
    timeline ── track ── turn           track → voice, naming; timeline → encoder_spec
                  └───── stranger_sample
    naming ── take, voice
    saved_query
    seal                                how the voices are encrypted, one row at most
    counter                             versions of the library and of the voices, raised by every change to them
    sound_change                        the version that a sound was changed in last, for the newest versions
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)

metadata = MetaData(naming_convention={
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
})


class PathBytes(TypeDecorator[Path]):
    """A path kept as the bytes the file system gave, because a name need not be UTF-8."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> bytes | None:
        return None if value is None else os.fsencode(value)

    def process_result_value(self, value: Any, dialect: Any) -> Path | None:
        return None if value is None else Path(os.fsdecode(value))


class UtcTime(TypeDecorator[datetime]):
    """A time kept in UTC; naive times are taken as local, times come back aware."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


def _required(name: str, kind: Any, *constraints: Any, **options: Any) -> Column[Any]:
    return Column(name, kind, *constraints, nullable=False, **options)


counter = Table(
    "counter", metadata,
    Column("name", String(40), primary_key=True),
    _required("value", BigInteger),
)

encoder_spec = Table(
    "encoder_spec", metadata,
    Column("id", Integer, primary_key=True),
    _required("key", String(64), unique=True),  # sha256 over all other fields
    _required("name", Text),
    _required("version", Text),
    _required("sha256", String(64)),
    _required("kind", String(20)),
    _required("dim", Integer),
    Column("rate_hz", Integer),
    Column("matrix", Text),  # stamp of the space's matrix as the last write left it; NULL where none was kept
)

voice = Table(
    "voice", metadata,
    Column("id", Integer, primary_key=True),
    _required("name", Text),  # sealed where `seal` says so, as take.source and sample.vector
    _required("name_key", Text, unique=True),  # NFC, case folded; its HMAC where the name is sealed
    _required("colour", Integer),
    _required("state", String(20)),
    _required("created_at", UtcTime),
    sqlite_autoincrement=True,  # work that still holds the id of a removed voice must not reach the next one
)

take = Table(
    "take", metadata,
    Column("id", Integer, primary_key=True),
    _required("voice_id", Integer, ForeignKey("voice.id", ondelete="CASCADE"), index=True),
    _required("source", Text),
    _required("sha256", String(64)),
    _required("recorded_at", UtcTime),
    _required("duration_s", Float),
    _required("speech_s", Float),
    _required("level_dbfs", Float),
    _required("snr_db", Float),
    _required("clipped", Integer),
    Column("recording", PathBytes),  # relative to the recordings folder
    Column("consent_at", UtcTime),
    sqlite_autoincrement=True,
)

sample = Table(
    "sample", metadata,
    Column("id", Integer, primary_key=True),
    _required("take_id", Integer, ForeignKey("take.id", ondelete="CASCADE"), index=True),
    _required("spec_id", Integer, ForeignKey("encoder_spec.id")),
    _required("vector", LargeBinary),  # unit norm, little-endian float32
    _required("norm", Float),
    _required("speech_s", Float),
    Column("start_s", Float),  # of the stretch of the take; NULL in samples from before revision 0006
    Column("end_s", Float),
)

voice_change = Table(
    "voice_change", metadata,
    Column("id", Integer, primary_key=True),
    _required("kind", String(20)),
    _required("voices", Text),  # ids, as ",3,7,"
    _required("rows", LargeBinary),  # JSON of what was before and after; what is private in it is sealed as it was in its row
    _required("at", UtcTime),
    sqlite_autoincrement=True,
)

seal = Table(
    "seal", metadata,
    Column("id", Integer, primary_key=True),
    _required("way", String(20)),  # "off", "keyring", "passphrase"
    _required("since", UtcTime),
    _required("unclean", Boolean),  # old pages, recordings or backups may be left from the last change
    Column("key_id", String(40)),  # the key's name in the keyring; NULL where way is "off", as all that follows
    Column("wrapped", LargeBinary),  # the key, sealed by the passphrase, or by the recovery code
    Column("salt", LargeBinary),
    Column("log2_n", Integer),
    Column("r", Integer),
    Column("p", Integer),
    Column("probe", LargeBinary),  # a known word under the key: tells whether a key is the right one
)

folder = Table(
    "folder", metadata,
    Column("id", Integer, primary_key=True),
    _required("path", PathBytes, unique=True),
    Column("device", BigInteger),  # st_dev at the last scan: tells an emptied folder from one whose disk is gone
)

sound = Table(
    "sound", metadata,
    Column("id", Integer, primary_key=True),
    _required("folder_id", Integer, ForeignKey("folder.id", ondelete="CASCADE"), index=True),
    _required("path", PathBytes, unique=True),
    _required("size", BigInteger),
    _required("mtime_ns", BigInteger),
    _required("sha256", String(64), index=True),
    _required("duration_s", Float),
    _required("rate_hz", Integer),
    _required("channels", Integer),
    _required("format", String(20)),
    _required("tags", Text),  # JSON: [[name, probability], …], as the encoder in use heard them
    _required("peaks", LargeBinary),
    Column("tags_next", Text),  # as the pending one did; NULL where none is pending, or it has not heard the sound yet
)

span = Table(
    "span", metadata,
    Column("spec_id", Integer, ForeignKey("encoder_spec.id"), primary_key=True),
    Column("sound_id", Integer, ForeignKey("sound.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    _required("start_s", Float),
    _required("end_s", Float),
    _required("row", Integer),  # of the matrix of the spec; sounds of equal content may share it
    Index("ix_span_sound_id", "sound_id"),
    sqlite_with_rowid=False,
)

sound_change = Table(
    "sound_change", metadata,
    Column("sound_id", Integer, primary_key=True),  # of a sound that may be gone
    _required("version", BigInteger, index=True),  # of the library, that this change to the sound made
)

failed_file = Table(
    "failed_file", metadata,
    Column("id", Integer, primary_key=True),
    _required("folder_id", Integer, ForeignKey("folder.id", ondelete="CASCADE"), index=True),
    _required("path", PathBytes, unique=True),
    _required("size", BigInteger),
    _required("mtime_ns", BigInteger),
    _required("reason", Text),
    Column("space", String(64)),  # key of the encoder spec that refused it; NULL where it could not be decoded
)

saved_query = Table(
    "saved_query", metadata,
    Column("id", Integer, primary_key=True),
    _required("name", Text),
    _required("name_key", Text, unique=True),  # NFC, case folded
    _required("query", Text),  # JSON: {"terms": [{"text", "like", "weight"}], "tags": [], "under"}
    _required("created_at", UtcTime),
)

tag_list = Table(
    "tag_list", metadata,
    Column("id", Integer, primary_key=True),
    _required("name", Text),
    _required("name_key", Text, unique=True),
    _required("labels", Text),  # JSON: [label, …]
    _required("texts", Text),  # JSON: [what is embedded for each label, …]
    Column("least", Float),  # the least probability of a tag; NULL where the rule of "none fits" decides
    _required("top", Integer),
    _required("created_at", UtcTime),
    Column("space", String(64)),  # key of the encoder spec that the tags were made with; NULL before the first time
    Column("library", BigInteger),  # version of the library that they show
)

sound_tag = Table(
    "sound_tag", metadata,
    Column("list_id", Integer, ForeignKey("tag_list.id", ondelete="CASCADE"), primary_key=True),
    Column("sound_id", Integer, ForeignKey("sound.id", ondelete="CASCADE"), primary_key=True),
    Column("label", Integer, primary_key=True),  # position in the labels of the list
    _required("similarity", Float),
    _required("probability", Float),
    Index("ix_sound_tag_sound_id", "sound_id"),
    sqlite_with_rowid=False,
)

timeline = Table(
    "timeline", metadata,
    Column("id", Integer, primary_key=True),
    _required("path", LargeBinary),  # the bytes of the path, sealed where voices are
    _required("sha256", String(64), index=True),  # of the file
    _required("duration_s", Float),
    _required("noise_dbfs", Float),
    _required("spec_id", Integer, ForeignKey("encoder_spec.id")),
    _required("made_at", UtcTime),
    sqlite_autoincrement=True,
)

naming = Table(
    "naming", metadata,
    Column("id", Integer, primary_key=True),
    _required("voice_id", Integer, ForeignKey("voice.id", ondelete="CASCADE")),
    _required("take_id", Integer, ForeignKey("take.id", ondelete="CASCADE")),
    _required("made_voice", Boolean),  # the voice was not there before
    _required("made_at", UtcTime),
    sqlite_autoincrement=True,
)

track = Table(
    "track", metadata,
    Column("id", Integer, primary_key=True),
    _required("timeline_id", Integer, ForeignKey("timeline.id", ondelete="CASCADE"), index=True),
    Column("stranger", Integer),  # from 1; kept when the stranger is named
    Column("voice_id", Integer, ForeignKey("voice.id", ondelete="CASCADE"), index=True),
    Column("naming_id", Integer, ForeignKey("naming.id", ondelete="SET NULL")),  # what gave a stranger its voice
    _required("status", String(20)),
    Column("similarity", Float),
    _required("level_dbfs", Float),
    _required("clipped", Integer),
)

turn = Table(
    "turn", metadata,
    Column("id", Integer, primary_key=True),
    _required("track_id", Integer, ForeignKey("track.id", ondelete="CASCADE"), index=True),
    _required("start_s", Float),
    _required("end_s", Float),
)

stranger_sample = Table(
    "stranger_sample", metadata,
    Column("id", Integer, primary_key=True),
    _required("track_id", Integer, ForeignKey("track.id", ondelete="CASCADE"), index=True),
    _required("vector", LargeBinary),  # unit norm, little-endian float32, of the timeline's encoder; sealed as samples are
    _required("norm", Float),
    _required("speech_s", Float),
)
