"""Where the Library finds nothing, and where it cannot search: what is said, and what leads out of it."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from engine.audio import devices
from engine.errors import EncoderError
from gui.context import Context
from gui.pages.library import LibraryPage
from gui.words import without_commands
from tests.gui.fakes import FakeEarmark
from tests.gui.library_page import LOUDSPEAKERS, ask, names, rest, shown


@pytest.fixture(autouse=True)
def loudspeaker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "outputs", lambda rescan=False: LOUDSPEAKERS)


@pytest.fixture
def tagged(context: Context, qtbot: QtBot) -> LibraryPage:
    page = shown(context, qtbot)
    page.tagging.tag("audioset")
    rest(page, qtbot)
    return page


@pytest.mark.parametrize("query", ["", "a bell"])
def test_filters_that_nothing_passes_say_so_and_can_be_dropped(tagged: LibraryPage, query: str, qtbot: QtBot) -> None:
    if query:
        ask(tagged, qtbot, query)
    nothing = tagged.ground.nothing
    assert not nothing.isVisible()
    tagged.filters.set(["audioset:Metal", "audioset:Thunder"])
    rest(tagged, qtbot)
    assert nothing.isVisible() and not tagged.table.isVisible() and names(tagged) == []
    assert nothing.title.text() == "No sound has all of these tags." and nothing.sentence.text() == "Metal · Thunder"
    assert not nothing.all_button.isVisible() and not nothing.scan_button.isVisible()
    nothing.drop_button.click()
    rest(tagged, qtbot)
    assert tagged.filters.tags == () and len(names(tagged)) == 15
    assert tagged.table.isVisible() and not nothing.isVisible()


def test_where_a_folder_has_nothing_all_folders_can_be_looked_in(tagged: LibraryPage, qtbot: QtBot) -> None:
    tagged.folders.choose("Instruments")
    tagged.filters.add("audioset:Thunder")
    rest(tagged, qtbot)
    nothing = tagged.ground.nothing
    assert nothing.title.text() == "No sound in “Instruments” has this tag." and nothing.sentence.text() == "Thunder"
    nothing.all_button.click()
    rest(tagged, qtbot)
    assert tagged.folders.place.path is None and names(tagged) == ["thunder_close_crack_02.ogg"]
    assert tagged.filters.tags == ("audioset:Thunder",) and tagged.table.isVisible()


def test_the_example_is_not_said_to_lack_its_own_tag(tagged: LibraryPage, qtbot: QtBot) -> None:
    """It is not listed, because others are to be like it."""
    tagged.filters.set(["audioset:Thunder"])
    rest(tagged, qtbot)
    assert names(tagged) == ["thunder_close_crack_02.ogg"]
    row = tagged.ground.model.row(0)
    assert row is not None
    tagged.query.set_like_sound(row.sound)
    rest(tagged, qtbot)
    nothing = tagged.ground.nothing
    assert nothing.title.text() == "No other sound has this tag." and nothing.sentence.text() == "Thunder"
    nothing.say((), "Instruments", False, True, True, True)
    assert nothing.title.text() == "There is no other sound in “Instruments”."


def test_a_search_that_cannot_be_done_offers_no_command_but_the_list(tagged: LibraryPage, app: FakeEarmark, qtbot: QtBot) -> None:
    ask(tagged, qtbot, "door")
    assert tagged.line.suggestions() != []
    app.library.fail = EncoderError("The files of “my clap” are not in “/models” any more. Put them back, or use another "
                                    "encoder: python main.py models use compact")
    ask(tagged, qtbot, "a bell")
    assert tagged.notice.sentence.text() == "The files of “my clap” are not in “/models” any more."
    assert tagged.line.suggestions() == [] and not tagged.ground.nothing.isVisible()
    tagged.list_all.click()
    rest(tagged, qtbot)
    assert not tagged.notice.isVisible() and not tagged.query.query and len(names(tagged)) == 15


def test_other_failures_offer_no_list(tagged: LibraryPage, app: FakeEarmark, qtbot: QtBot) -> None:
    app.library.fail = EncoderError("Something.")
    ask(tagged, qtbot, "a bell")
    assert tagged.list_all.isVisible()
    tagged._tell("The saved searches cannot be listed.", "Something else.")
    assert not tagged.list_all.isVisible()


@pytest.mark.parametrize(("said", "shown"), [
    ("A file is gone. Get it with: python main.py models fetch ge2e", "A file is gone."),
    ("A file is gone.", "A file is gone."), ("Use v1.0 of it.", "Use v1.0 of it.")])
def test_commands_are_left_out_of_what_is_said_in_the_window(said: str, shown: str) -> None:
    assert without_commands(said) == shown
