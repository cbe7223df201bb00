"""A list of added models that cannot be used: Settings says what is wrong, keeps the program's own models, and has ways out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from engine.app import Earmark
from gui.actions import Actions
from gui.audition import Audition
from gui.context import Context
from gui.jobs import Jobs
from gui.pages.settings.models import ModelsSection
from gui.theme import Theme
from tests.gui.fakes import FakePlayer

BROKEN = '[[model]]\nname = "mine\n'


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Earmark]:
    with Earmark(tmp_path / "Studio", "cpu") as app:
        app.claim()
        yield app


@pytest.fixture
def file(app: Earmark) -> Path:
    file = Path(app.workspace) / "models.toml"
    file.write_text(BROKEN)
    return file


@pytest.fixture
def section(app: Earmark, file: Path, theme: Theme, jobs: Jobs, qtbot: QtBot) -> ModelsSection:
    section = ModelsSection(Context(app, theme, jobs, Actions(), Audition(jobs, app.settings, lambda *_: FakePlayer(), jobs)))
    qtbot.addWidget(section)
    section.resize(900, 700)
    section.show()
    section.refresh()
    rest(section, qtbot)
    return section


def rest(section: ModelsSection, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not section.jobs.running)


def beside(file: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in file.parent.glob("models.toml*")}


def test_what_is_wrong_is_said_with_the_programs_own_models_still_there(section: ModelsSection, file: Path) -> None:
    assert section.broken.isVisible() and not section.refusal.isVisible()
    said = section.broken.sentence.text().replace("\u200b", "")
    assert "models.toml, line 2:" in said and str(file) in said and "kept beside it as models.toml.broken," in said
    assert {"ge2e", "compact", "bridge"} <= set(section.table.rows)
    assert section.detail.isVisible() and section.detail.name.text()
    assert beside(file) == {"models.toml": BROKEN}


def test_who_begins_with_an_empty_list_keeps_the_old_one(section: ModelsSection, file: Path, qtbot: QtBot) -> None:
    (file.parent / "models.toml.broken").write_text("from another time")
    section.refresh()
    rest(section, qtbot)
    assert "models.toml.broken-2" in section.broken.sentence.text().replace("\u200b", "")
    with qtbot.waitSignal(section.said) as said:
        section.broken.anew.click()
    assert "models.toml.broken-2" in said.args[0]
    qtbot.waitUntil(lambda: not section.broken.isVisible())
    assert beside(file) == {"models.toml.broken": "from another time", "models.toml.broken-2": BROKEN}
    rest(section, qtbot)
    assert not section.lost.isVisible()


@pytest.mark.parametrize("act", ["again", "anew"])
def test_a_list_that_was_corrected_meanwhile_is_read_and_never_put_aside(section: ModelsSection, file: Path, qtbot: QtBot,
                                                                         act: str) -> None:
    file.write_text("# corrected\n")
    getattr(section.broken, act).click()
    qtbot.waitUntil(lambda: not section.broken.isVisible())
    assert beside(file) == {"models.toml": "# corrected\n"}
    rest(section, qtbot)


def test_where_the_old_list_cannot_be_kept_nothing_begins(section: ModelsSection, file: Path, qtbot: QtBot,
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, target: object) -> Path:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "rename", refuse)
    section.broken.anew.click()
    qtbot.waitUntil(section.refusal.isVisible)
    assert "Read-only file system" in section.refusal.sentence.text()
    assert section.broken.isVisible() and beside(file) == {"models.toml": BROKEN}
    rest(section, qtbot)


def test_the_encoder_in_use_is_said_to_be_lost_with_ways_out_beside_the_list(app: Earmark, section: ModelsSection, file: Path,
                                                                             qtbot: QtBot) -> None:
    app.settings.change(joint="mine")
    section.look_again()
    rest(section, qtbot)

    def offered(widget: QWidget) -> bool:
        return widget.isVisible() and widget.isEnabled()

    qtbot.waitUntil(section.lost.isVisible)
    assert all(map(offered, (section.lost.fallback, section.lost.again, section.broken.anew, section.broken.again)))
