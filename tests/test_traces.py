"""That the search for traces finds what it is there to find; else every test of a removal would be green for nothing."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest

from tests.traces import traces

VECTOR = np.random.default_rng(5).normal(size=192).astype(np.float32)
NAME = "Zoë Wintergreen"

STANDS = {
    "raw": VECTOR.tobytes(), "half": VECTOR.astype("<f2").tobytes(), "double": VECTOR.astype("<f8").tobytes(),
    "the end only": VECTOR.tobytes()[-400:], "hex": VECTOR.tobytes().hex().encode(),
    "numbers": json.dumps(VECTOR.tolist()).encode(),
    **{f"base64 {at}": base64.b64encode(b"x" * at + VECTOR.tobytes()) for at in range(3)},
    "name": NAME.encode(), "key": NAME.casefold().encode(), "utf-16": NAME.encode("utf-16-le"),
    "escaped": json.dumps({"name": NAME}).encode(), "name in base64": base64.b64encode(b"a" + NAME.encode()),
}


@pytest.mark.parametrize("what", STANDS)
def test_a_value_is_found_however_it_stands(tmp_path, what):
    (tmp_path / "file").write_bytes(b"something before " + STANDS[what] + b" and after")
    (tmp_path / "other").write_bytes(np.random.default_rng(6).bytes(100_000))
    assert traces(tmp_path, [VECTOR, NAME]) == ["file"]
    assert traces(tmp_path, [VECTOR * 2, "Zoë Winterbourne"]) == []
