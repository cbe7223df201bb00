"""A true workspace with the true encoders, loaded once for all tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.app import Earmark
from tests.true_models import models


@pytest.fixture
def earmark(tmp_path: Path) -> Iterator[Earmark]:
    with Earmark(tmp_path / "workspace") as app:
        app.__dict__["models"] = models()  # what the cached property would make, made once for the whole run
        yield app
