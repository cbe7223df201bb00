"""The Map page: voices and sounds by three methods, what the points tell, and saving it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from engine.errors import EncoderError, UsageError
from engine.records import MapPoint, Tag
from engine.tasks import Ticket
from gui.context import Context
from gui.pages.live import LiveSession
from gui.pages.map import MapPage
from gui.pages.map.grouping import group_sounds
from gui.widgets.projection_plot import OTHER
from tests.gui.fakes import FakeEarmark

Make = Callable[..., MapPage]


@pytest.fixture
def make(context: Context, qtbot: QtBot) -> Iterator[Make]:
    def make(drawn: bool = True) -> MapPage:
        context.theme.reduced_motion = True
        page = MapPage(context)
        page.session.make_source = lambda name: name
        qtbot.addWidget(page)
        for part in (page.toolbar_left(), page.toolbar_right()):
            qtbot.addWidget(part)
        page.resize(1364, 820)
        page.show()
        page.shown()
        qtbot.waitUntil(lambda: page.map is not None or not drawn)
        qtbot.waitUntil(lambda: not page.jobs.running)
        return page

    yield make
    LiveSession.of(context).close()


def wait_for(page: MapPage, space: str, method: str, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: page.map is not None and (page.map.space, page.map.method) == (space, method))


@pytest.mark.parametrize("space", ["voices", "sounds"])
def test_names_keep_off_what_lies_over_the_map(make: Make, qtbot: QtBot, space: str) -> None:
    """Wherever the map is moved to, also with a name right where the legend is."""
    page = make()
    page.bar.spaces.choose(space)
    wait_for(page, space, "pca", qtbot)
    qtbot.waitUntil(lambda: not page.jobs.running)
    plot = page.canvas.plot
    over = page.canvas.legend if space == "voices" else page.canvas._hearing
    assert over.isVisible()
    for point in plot.points:
        here, there = plot.to_pixel(point.x, point.y), QRectF(over.geometry()).center()
        left, bottom, right, top = plot._view()
        shift_x = (here.x() - there.x()) / plot._area().width() * (right - left)
        shift_y = (there.y() - here.y()) / plot._area().height() * (top - bottom)
        plot._box.translateBy(x=shift_x, y=shift_y)
        plot.names()
        for box, name, _ in plot._names:
            assert not box.intersects(QRectF(over.geometry())), name


def test_voices_are_drawn_with_their_names_and_listed(make: Make) -> None:
    page = make()
    assert len(page.canvas.plot.points) == 42
    assert set(page.canvas.plot.names()) <= {row.name for row in page.inspector.groups.rows}
    assert [(row.name, row.count) for row in page.inspector.groups.rows][:2] == [("Amara Okafor", "6"),
                                                                                ("Ben Lindqvist", "6")]
    assert page.inspector.title.text() == "6 voices"
    assert page.canvas.legend.isVisible()
    assert page.status == "42 points"


def test_pca_tells_its_variance_and_how_far_to_trust_it(make: Make) -> None:
    page = make()
    assert [value.text() for _, _, value in page.inspector.method._variance] == ["31 %", "18 %", "12 %", "8 %", "6 %"]
    assert page.canvas.plot._axis_words.horizontal == "PC 1 · 31 % of variance"
    assert [value.text() for _, _, value in page.inspector.trust._rows] == ["0.94", "0.96", "0.61"]
    assert page.inspector.trust._rows[2][0].text() == "Neighbours kept, 10"
    assert "49 % of the variance" in page.inspector.trust.sentence.text()


def test_umap_has_no_axes_and_runs_with_the_chosen_parameters(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    page = make()
    page.bar.methods.choose("umap")
    wait_for(page, "voices", "umap", qtbot)
    assert page.canvas.plot._axis_words.horizontal == ""
    assert app.settings.value.map_method == "umap"
    method = page.inspector.method
    method._boxes["n_neighbors"].setValue(22)
    method._boxes["min_dist"].setValue(0.25)
    method.again.click()
    qtbot.waitUntil(lambda: app.maps.asked[-1][2].get("n_neighbors") == 22)
    wanted = {"n_neighbors": 22, "min_dist": 0.25, "seed": 7, "metric": "cosine"}
    assert app.maps.asked[-1] == ("voices", "umap", wanted)
    qtbot.waitUntil(lambda: method.took.text() == "last run 0.4 s · seed 7")
    assert "clusters" in method.hint.text()


def test_the_old_map_stays_while_a_new_one_is_made_and_it_can_be_cancelled(make: Make, app: FakeEarmark,
                                                                           qtbot: QtBot,
                                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    page = make()
    before = page.canvas.plot.points
    asked, go_on = threading.Event(), threading.Event()
    original = app.maps.project

    def slow(space: str, method: str, params: Any = None, ticket: Ticket | None = None, query: Any = None,
             keep: bool = False) -> Any:
        assert ticket is not None
        ticket.report(25, 100)
        asked.set()
        go_on.wait(5)
        return original(space, method, params, ticket, query)

    monkeypatch.setattr(app.maps, "project", slow)
    page.bar.methods.choose("tsne")
    qtbot.waitUntil(asked.is_set)
    qtbot.waitUntil(lambda: "25 of 100" in page.canvas.progress.words.text())
    assert page.inspector.method.progress.isVisible()
    assert not page.inspector.method.again.isEnabled()
    assert page.canvas.plot.points == before
    page.canvas.progress.stop.click()
    go_on.set()
    qtbot.waitUntil(lambda: not page.jobs.running)
    assert not page.canvas.progress.isVisible()
    assert page.canvas.plot.points == before
    assert page.inspector.method.again.isEnabled()


def test_a_failure_is_said_and_the_map_before_stays(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    page = make()
    app.maps.fail = UsageError("perplexity must lie between 1 and 500, not 900.")
    page.inspector.method.again.click()
    qtbot.waitUntil(lambda: page.inspector.failure.isVisible())
    assert "perplexity" in page.inspector.failure.sentence.text()
    assert len(page.canvas.plot.points) == 42


def test_sounds_are_grouped_by_tag_or_folder(make: Make, qtbot: QtBot) -> None:
    page = make()
    page.bar.spaces.choose("sounds")
    wait_for(page, "sounds", "pca", qtbot)
    assert page.inspector.title.text() == "15 sounds"
    first = page.inspector.groups.rows[0]
    assert (first.name, first.count, first.value) == ("Door", "4", "27 %")
    assert page.canvas.hear.isVisible() and not page.canvas.legend.isVisible()
    page.bar.colour.setCurrentIndex(1)
    page.bar.colour.activated.emit(1)
    assert [(row.name, row.count) for row in page.inspector.groups.rows][:2] == [("Doors", "5"), ("SFX", "5")]


def test_only_the_largest_groups_have_a_colour(app: FakeEarmark) -> None:
    sound = app.library.sounds()[0]
    sounds, points = {}, []
    for i in range(40):
        sounds[i + 1] = replace(sound, id=i + 1, tags=(Tag(f"tag {min(i % 20, 15):02d}", 0.9),))
        points.append(MapPoint(str(i), "", "sound", 0, 0, i + 1))
    drawn, groups = group_sounds(points, sounds, "tag", "others")
    assert len(groups) == 12
    assert groups[0].name == "tag 15" and groups[0].count == 10 and groups[0].colour == 0
    assert (groups[-1].name, groups[-1].colour) == ("others", OTHER)
    assert sum(group.count for group in groups) == 40
    assert len({point.colour for point in drawn}) == 12


def test_pointing_at_a_sound_shows_it_and_lets_it_sound(make: Make, app: FakeEarmark, player: Any,
                                                        qtbot: QtBot) -> None:
    page = make()
    page.bar.spaces.choose("sounds")
    wait_for(page, "sounds", "pca", qtbot)
    point = page.canvas.plot.points[0]
    page.canvas.plot.pointed.emit(point)
    assert page.inspector.sound_name.text() == point.label
    page.canvas.plot.hovered.emit(point)
    qtbot.waitUntil(lambda: player.state == "playing")
    assert player.played[0][0] == app.library.sound(point.ref or 0).path
    page.canvas.plot.hovered.emit(None)
    qtbot.waitUntil(lambda: player.state == "stopped")
    page.toggle_hearing()
    page.canvas.plot.hovered.emit(point)
    qtbot.wait(50)
    assert len(player.played) == 1
    assert app.settings.value.hear_on_hover is False


def test_a_press_keeps_the_sound_until_it_is_cleared(make: Make, qtbot: QtBot) -> None:
    page = make()
    page.bar.spaces.choose("sounds")
    wait_for(page, "sounds", "pca", qtbot)
    point = page.canvas.plot.points[3]
    page.canvas.plot.clicked.emit(point)
    page.canvas.plot.pointed.emit(None)
    assert page.inspector.sound.isVisible()
    sent: list[tuple[str, Any]] = []
    page.go.connect(lambda where, what: sent.append((where, what.path.name)))
    page.inspector.show_in_library.emit(page.inspector._sound)
    assert sent == [("library", point.label)]
    page.clear()
    assert not page.inspector.sound.isVisible()


def test_pressing_a_voice_in_the_list_lets_it_stand_out(make: Make) -> None:
    page = make()
    page.inspector.groups.choose("Chen Yu")
    assert page.canvas.plot._focus == "Chen Yu"
    page.clear()
    assert page.canvas.plot._focus is None


def test_the_live_cross_is_on_the_map_too(make: Make, qtbot: QtBot) -> None:
    page = make()
    page.session.start()
    qtbot.waitUntil(lambda: page.session.listening)
    page.session.poll()
    query = page.canvas.plot.query
    assert query.at is not None and len(query.links) == 3
    assert query.note == "now · 2.4 s"
    assert page.inspector.title.text() == "Speaking now: Amara Okafor"
    assert page.inspector.badge.text() == "match"
    assert page.inspector.line.text() == "similarity 0.84 · margin +0.20 over Ben Lindqvist"
    assert page.inspector.groups.rows[0].value == "0.84"
    assert page.status.startswith("Live point placed in")
    page.session.stop()
    assert query.at is None
    assert page.inspector.title.text() == "6 voices"
    qtbot.waitUntil(lambda: not page.jobs.running)


def test_nothing_to_draw_says_what_to_do(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    app.voices = type(app.voices)(empty=True)
    app.library = type(app.library)(app.workspace, empty=True)
    page = make(drawn=False)
    qtbot.waitUntil(lambda: page.empty.isVisible())
    assert page.empty.title.text() == "No voices to map yet"
    assert not page.inspector.isVisible()
    went: list[tuple[str, object]] = []
    page.go.connect(lambda where, what: went.append((where, what)))
    page.empty.act.click()
    page.bar.spaces.choose("sounds")
    qtbot.waitUntil(lambda: page.empty.title.text() == "No sounds to map yet")
    page.empty.act.click()
    assert went == [("voices", "new"), ("library", None)]


def test_a_map_is_drawn_anew_only_when_something_changed(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    page = make()
    page.hidden()
    runs = len(app.maps.asked)
    page.shown()
    qtbot.waitUntil(lambda: not page.jobs.running)
    assert len(app.maps.asked) == runs
    app.voices.remove_take(1)
    page.shown()
    qtbot.waitUntil(lambda: len(page.canvas.plot.points) == 40)


@pytest.mark.parametrize("form", ["png", "svg", "csv", "json"])
def test_the_map_is_saved(make: Make, tmp_path: Path, qtbot: QtBot, form: str) -> None:
    page = make()
    said: list[str] = []
    page.said.connect(said.append)
    path = tmp_path / f"map.{form}"
    page.export(path)
    qtbot.waitUntil(lambda: said == [f"Saved as map.{form}."])
    if form == "png":
        image = QImage(str(path))
        assert image.width() == 2 * page.canvas.plot.width()
    elif form == "svg":
        text = path.read_text(encoding="utf-8")
        assert text.count("<path") >= 42 and "<image" not in text
    elif form == "csv":
        lines = path.read_text(encoding="utf-8").splitlines()
        assert lines[0] == "id,label,kind,group,x,y" and len(lines) == 43
    else:
        document = json.loads(path.read_text(encoding="utf-8"))
        assert (document["space"], document["method"], len(document["points"])) == ("voices", "pca", 42)
    page.export(tmp_path / "nowhere" / path.name)
    qtbot.waitUntil(lambda: said[-1] == f"map.{form} could not be written.")


def test_open_and_the_narrow_window(make: Make, qtbot: QtBot) -> None:
    page = make()
    page.open("sounds")
    wait_for(page, "sounds", "pca", qtbot)
    assert page.inspector.isVisible()
    page.resize(1044, 620)
    assert not page.inspector.isVisible()
    assert page.stack.width() == 1044
    page.bar.fold.click()
    assert page.inspector.isVisible()
    assert page.stack.width() == 1044  # it lies over the plot
    corner = page.canvas.hear.parentWidget()
    assert corner is not None and corner.isVisible() and corner.geometry().right() < page.inspector.x()
    page.bar.fold.click()
    assert corner.geometry().right() > page.width() - 30


def test_the_session_is_shared(context: Context, make: Make) -> None:
    assert make().session is LiveSession.of(context)


def test_without_its_encoder_the_map_of_sounds_says_so_and_voices_stay(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    page = make()
    app.library.lost = EncoderError("“my clap” is not on the list of models any more.")
    asked: list[str] = []
    page.go.connect(lambda where, what: asked.append(where))
    page.bar.spaces.choose("sounds")
    qtbot.waitUntil(page.empty.isVisible)
    assert page.empty.sentence.text() == "“my clap” is not on the list of models any more. Nothing that is stored is lost."
    page.empty.act.click()
    assert asked == ["settings"] and not page.bar.export.isEnabled()
    page.bar.spaces.choose("voices")
    wait_for(page, "voices", "pca", qtbot)
    assert page.canvas.isVisible() and len(page.canvas.plot.points) == 42
    app.library.lost = None
    page.bar.spaces.choose("sounds")
    wait_for(page, "sounds", "pca", qtbot)
    assert page.canvas.isVisible()
