"""Settings in the smallest window, where nothing is cut off at the right, and what the default device stands for."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from engine.audio import devices
from gui.context import Context
from gui.pages.settings import SettingsPage
from gui.pages.settings.audio import AudioSection
from gui.pages.settings.models import ModelsSection
from gui.widgets.controls import Select
from tests.gui.test_settings import go, page, sound_devices  # noqa: F401  (fixtures)

SIZES = [(906, 500), (946, 600), (1186, 700)]  # of the page in windows of 960 × 600, 1000 × 700 and 1280 × 800


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("section", ["general", "audio", "models", "appearance", "privacy", "shortcuts", "about"])
def test_a_section_is_no_wider_than_its_view(page: SettingsPage, context: Context, qtbot: QtBot, section: str,  # noqa: F811
                                             size: tuple[int, int]) -> None:
    page.setMinimumSize(100, 100)
    page.resize(*size)
    go(page, qtbot, section)
    qtbot.waitUntil(lambda: not context.jobs.running)
    shown = page.sections[section]
    assert page.width() == size[0]
    assert shown.widget().width() <= shown.viewport().width()


def test_the_table_of_models_has_all_its_columns_where_there_is_room(page: SettingsPage, context: Context,  # noqa: F811
                                                                     qtbot: QtBot) -> None:
    page.setMinimumSize(100, 100)
    go(page, qtbot, "models")
    section = page.sections["models"]
    assert isinstance(section, ModelsSection)
    for width, wide in ((1300, True), (906, False), (1300, True)):
        page.resize(width, 700)
        qtbot.waitUntil(lambda: not context.jobs.running and bool(section.table.rows))
        row = section.table.rows["ge2e"]
        head = section.table._head
        qtbot.waitUntil(lambda wide=wide, row=row: row._cells[4].isVisible() == wide)
        for number, cell in enumerate(row._cells):
            assert cell.isVisible() == head[number].isVisible()
            if cell.isVisible():
                assert cell.x() == head[number].x()


@pytest.mark.parametrize(("behind", "said"), [("VirtualMic", "VirtualMic"), ("", "")])
def test_the_default_device_says_what_it_stands_for(page: SettingsPage, context: Context, qtbot: QtBot,  # noqa: F811
                                                    monkeypatch: pytest.MonkeyPatch, behind: str, said: str) -> None:
    one = devices.Device("default", 0, 48_000, 2, True, "ALSA", behind)
    monkeypatch.setattr(devices, "inputs", lambda rescan=False: [one])
    go(page, qtbot, "audio")
    qtbot.waitUntil(lambda: not context.jobs.running)
    section = page.sections["audio"]
    assert isinstance(section, AudioSection)
    section.refresh()
    qtbot.waitUntil(lambda: not context.jobs.running)
    assert section.input.itemData(0, Select.DETAIL) == said
