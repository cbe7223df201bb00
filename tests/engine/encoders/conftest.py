"""The true encoders."""

from __future__ import annotations

import pytest

from engine.encoders.joint import TagBridge
from engine.encoders.sound import YAMNetEncoder
from engine.encoders.voice import GE2EEncoder
from tests.true_models import models


@pytest.fixture(scope="session")
def ge2e() -> GE2EEncoder:
    return models().voice_named("ge2e")


@pytest.fixture(scope="session")
def yamnet() -> YAMNetEncoder:
    return models().sound()


@pytest.fixture(scope="session")
def bridge() -> TagBridge:
    return models().joint_named("bridge")
