"""What all tests share: a screen that is not there, the development data, and a virtual microphone.

EARMARK_SHARED names the folder that holds `data/` (default: `../shared` beside the checkout).
EARMARK_NO_SKIP=1 turns the skips for missing data or PulseAudio into failures.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # before anything imports Qt
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before anything imports torch, as main.py has it

import pytest

from tests.virtual_microphone import VirtualMicrophone, missing_parts

REPOSITORY = Path(__file__).resolve().parent.parent


def _shared() -> Path:
    return Path(os.environ.get("EARMARK_SHARED") or REPOSITORY.parent / "shared")


def _skip(why: str) -> None:
    if os.environ.get("EARMARK_NO_SKIP") == "1":
        pytest.fail(f"{why} (EARMARK_NO_SKIP=1)")
    pytest.skip(why)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tests marked shared_data or virtual_mic skip where what they need is absent."""
    if item.get_closest_marker("shared_data") and not (_shared() / "data").is_dir():
        _skip("the development data (../shared/data) is not here")
    if item.get_closest_marker("virtual_mic") and missing_parts():
        _skip("a virtual microphone needs " + ", ".join(missing_parts()))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of development recordings. Mark the test with shared_data."""
    folder = _shared() / "data"
    if not folder.is_dir():
        _skip("the development data (../shared/data) is not here")
    return folder


@pytest.fixture(scope="session")
def virtual_mic_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VirtualMicrophone]:
    """One PulseAudio server for the whole run; tests take `virtual_mic`."""
    if missing_parts():
        _skip("a virtual microphone needs " + ", ".join(missing_parts()))
    microphone = VirtualMicrophone()
    microphone.start_server()
    try:
        yield microphone
    finally:
        microphone.close()


@pytest.fixture
def virtual_mic(virtual_mic_session: VirtualMicrophone) -> Iterator[VirtualMicrophone]:
    """A virtual microphone that is running and silent, with PortAudio looking at it. Mark the test with virtual_mic.

    `play(path)`, `stop_server()`, `start_server()`; `environment` for programs that the test starts.
    """
    virtual_mic_session.start_server()
    virtual_mic_session.attach()
    yield virtual_mic_session
    virtual_mic_session.stop_playing()
    virtual_mic_session.detach()
