"""What records say of themselves."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields

import pytest

from engine.records import KEYED, EncoderSpec

SPEC = EncoderSpec("a net", "1", "00" * 32, "joint", 3, 16_000)


@dataclass(frozen=True)
class Layered(EncoderSpec):
    """A spec as a later version may have it: a field more."""

    layer: int | None = None


@pytest.mark.parametrize(("spec", "key"), [
    (SPEC, "64d5b5901705f64cf514661d08bf2626eb604b895fbb8934d64e83fffed86737"),
    (EncoderSpec("Ünïcode", "", "ab" * 32, "voice", 256), "1ad11584f49308982679005458cf0e1fbe536678392689f25910ec016bfe0cc3")])
def test_the_key_of_a_space_never_changes(spec, key):
    """Vectors in workspaces that exist are stored under these."""
    assert spec.key == key


def test_a_field_that_a_spec_gains_counts_only_where_it_says_something():
    assert Layered("a net", "1", "00" * 32, "joint", 3, 16_000).key == SPEC.key
    others = {Layered("a net", "1", "00" * 32, "joint", 3, 16_000, layer).key for layer in (0, 1, 7)}
    assert len(others | {SPEC.key}) == 4


def test_every_field_of_a_spec_tells_spaces_apart():
    other = {"name": "b", "version": "2", "sha256": "01" * 32, "kind": "voice", "dim": 4, "rate_hz": None}
    assert set(KEYED) == {one.name for one in fields(EncoderSpec)} == set(other)
    found = {EncoderSpec(**{**{one: getattr(SPEC, one) for one in KEYED}, name: value}).key for name, value in other.items()}
    assert len(found | {SPEC.key}) == len(other) + 1


def test_the_key_is_the_hash_of_the_fields_in_their_order():
    assert SPEC.key == hashlib.sha256(json.dumps(["a net", "1", "00" * 32, "joint", 3, 16_000]).encode()).hexdigest()
