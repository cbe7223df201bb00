"""Runs of the Map: they go on while another page is shown, and what is shown is told truly while they do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtCore import QPointF
from pytestqt.qtbot import QtBot

from engine.errors import Cancelled, EarmarkError
from engine.projection import export
from engine.tasks import Ticket
from gui.context import Context
from gui.jobs import Jobs
from gui.pages.live import LiveSession
from gui.pages.map import MapPage
from tests.gui.fakes import FakeEarmark


class Slow:
    """Lets runs of t-SNE and UMAP wait until they may go on; counts those that began and those that were cancelled."""

    def __init__(self, app: FakeEarmark, monkeypatch: pytest.MonkeyPatch) -> None:
        self.go, self.begun, self.cancelled = threading.Event(), list[str](), list[str]()
        self._original = app.maps.project
        monkeypatch.setattr(app.maps, "project", self.project)

    def project(self, space: str, method: str, params: Any = None, ticket: Ticket | None = None, query: Any = None,
                keep: bool = False) -> Any:
        if method != "pca":
            assert ticket is not None and keep
            self.begun.append(method)
            try:
                ticket.report(25, 100)
                while not self.go.wait(0.01):
                    ticket.check()
            except Cancelled:
                self.cancelled.append(method)
                raise
        return self._original(space, method, params, ticket, query)


@pytest.fixture
def slow(app: FakeEarmark, monkeypatch: pytest.MonkeyPatch) -> Iterator[Slow]:
    slow = Slow(app, monkeypatch)
    yield slow
    slow.go.set()


@pytest.fixture
def page(context: Context, slow: Slow, qtbot: QtBot) -> Iterator[MapPage]:
    context.theme.reduced_motion = True
    page = MapPage(context)
    qtbot.addWidget(page)
    for part in (page.toolbar_left(), page.toolbar_right()):
        qtbot.addWidget(part)
    page.resize(1364, 820)
    page.show()
    page.shown()
    qtbot.waitUntil(lambda: page.map is not None and not page.jobs.running)
    yield page
    slow.go.set()
    LiveSession.of(context).close()


def idle(page: MapPage) -> Callable[[], bool]:
    return lambda: not page.jobs.running


def figures(page: MapPage) -> list[str]:
    return [value.text() for _, _, value in page.inspector.trust._rows]


def test_leaving_and_coming_back_goes_on_with_the_same_run(page: MapPage, slow: Slow, qtbot: QtBot) -> None:
    page.bar.methods.choose("tsne")
    qtbot.waitUntil(lambda: slow.begun == ["tsne"])
    page.hidden()
    page.shown()
    qtbot.waitUntil(lambda: len(page.jobs.running) == 1)
    qtbot.waitUntil(lambda: "25 of 100" in page.canvas.progress.words.text())
    assert page.canvas.progress.isVisible() and page.inspector.method.progress.isVisible()
    slow.go.set()
    qtbot.waitUntil(lambda: page.map.method == "tsne")
    qtbot.waitUntil(idle(page))
    assert slow.begun == ["tsne"] and not slow.cancelled
    assert not page.canvas.progress.isVisible()


def test_a_run_that_ends_while_another_page_is_shown_is_there_on_coming_back(page: MapPage, slow: Slow, qtbot: QtBot) -> None:
    page.bar.methods.choose("tsne")
    qtbot.waitUntil(lambda: slow.begun == ["tsne"])
    page.hidden()
    slow.go.set()
    qtbot.waitUntil(idle(page))
    page.shown()
    qtbot.waitUntil(idle(page))
    assert page.map.method == "tsne" and slow.begun == ["tsne"]


def test_parameters_set_before_the_first_run_ended_are_those_of_the_next(page: MapPage, slow: Slow, app: FakeEarmark,
                                                                         qtbot: QtBot) -> None:
    page.bar.methods.choose("umap")
    qtbot.waitUntil(lambda: slow.begun == ["umap"])
    method = page.inspector.method
    method._boxes["n_neighbors"].setValue(22)
    assert method._metric is not None
    method._metric.setCurrentIndex(1)
    page.cancel()
    qtbot.waitUntil(idle(page))
    page.run()
    slow.go.set()
    qtbot.waitUntil(lambda: page.map.method == "umap")
    assert app.maps.asked[-1] == ("voices", "umap", {"n_neighbors": 22, "min_dist": 0.1, "seed": 7, "metric": "euclidean"})


def test_parameters_set_while_it_runs_stay_and_it_is_said_what_the_map_was_made_with(page: MapPage, slow: Slow,
                                                                                     qtbot: QtBot) -> None:
    page.bar.methods.choose("umap")
    qtbot.waitUntil(lambda: slow.begun == ["umap"])
    method = page.inspector.method
    method._boxes["n_neighbors"].setValue(22)
    slow.go.set()
    qtbot.waitUntil(lambda: page.map.method == "umap")
    assert method.params()["n_neighbors"] == 22
    assert method.note.isVisible() and "n_neighbors 15" in method.note.text()
    method.again.click()
    qtbot.waitUntil(lambda: page.map.asked["n_neighbors"] == 22)
    assert not method.note.isVisible()
    page.bar.methods.choose("pca")
    page.bar.methods.choose("umap")
    qtbot.waitUntil(idle(page))
    assert method.params()["n_neighbors"] == 22


def test_what_is_still_being_typed_counts(page: MapPage, slow: Slow, app: FakeEarmark, qtbot: QtBot) -> None:
    slow.go.set()
    page.bar.methods.choose("tsne")
    qtbot.waitUntil(lambda: page.map.method == "tsne")
    box = page.inspector.method._boxes["perplexity"]
    box.lineEdit().selectAll()
    qtbot.keyClicks(box.lineEdit(), "12")
    page.run()
    qtbot.waitUntil(lambda: app.maps.asked[-1][2]["perplexity"] == 12)
    qtbot.waitUntil(idle(page))


def test_figures_are_of_the_map_that_is_shown_or_not_there(page: MapPage, slow: Slow, qtbot: QtBot) -> None:
    assert figures(page) == ["0.94", "0.96", "0.61"] and page.inspector.method.took.text() == "placed at once, no refit"
    page.bar.methods.choose("tsne")
    qtbot.waitUntil(lambda: slow.begun == ["tsne"])
    assert figures(page) == ["–", "–", "–"] and page.inspector.method.took.text() == ""
    assert page.inspector.trust.sentence.text() == "t-SNE is being drawn. Until then you see PCA."
    page.bar.colour.activated.emit(0)  # shows the map again
    assert figures(page) == ["–", "–", "–"] and page.inspector.method.method == "tsne"
    page.cancel()
    qtbot.waitUntil(idle(page))
    assert page.inspector.trust.sentence.text() == "Nothing is drawn by t-SNE yet. You see PCA."
    page.run()
    slow.go.set()
    qtbot.waitUntil(lambda: page.map.method == "tsne")
    assert figures(page) == ["0.94", "0.96", "0.61"]


def test_the_end_of_a_cancelled_run_does_not_hide_the_next(page: MapPage, slow: Slow, qtbot: QtBot) -> None:
    page.bar.methods.choose("tsne")
    qtbot.waitUntil(lambda: slow.begun == ["tsne"])
    page.bar.methods.choose("umap")
    qtbot.waitUntil(lambda: slow.begun == ["tsne", "umap"] and slow.cancelled == ["tsne"])
    qtbot.waitUntil(lambda: len(page.jobs.running) == 1)
    assert page.canvas.progress.isVisible() and not page.inspector.method.again.isEnabled()


def test_what_was_cancelled_begins_again_only_when_asked(page: MapPage, slow: Slow, qtbot: QtBot) -> None:
    page.bar.methods.choose("tsne")
    qtbot.waitUntil(lambda: slow.begun == ["tsne"])
    page.canvas.progress.stop.click()
    page.hidden()
    page.shown()
    qtbot.waitUntil(idle(page))
    assert slow.begun == ["tsne"] and not page.canvas.progress.isVisible()
    page.inspector.method.again.click()
    qtbot.waitUntil(lambda: slow.begun == ["tsne", "tsne"])


def test_what_arrives_for_another_map_is_dropped(page: MapPage, slow: Slow, jobs: Jobs, qtbot: QtBot,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the run had ended before it could be cancelled."""
    page.bar.methods.choose("tsne")
    qtbot.waitUntil(lambda: slow.begun == ["tsne"])
    job = next(job for job in jobs.running if job.title)
    monkeypatch.setattr(job.ticket, "cancel", lambda: None)  # too late
    page.bar.methods.choose("pca")
    qtbot.waitUntil(lambda: len(jobs.running) == 1)
    slow.go.set()
    qtbot.waitUntil(idle(page))
    assert page.map.method == "pca" and page.inspector.method.method == "pca"
    assert figures(page) == ["0.94", "0.96", "0.61"]


def test_another_map_is_fitted_into_view_and_more_points_of_the_same_are_not(page: MapPage, slow: Slow, app: FakeEarmark,
                                                                             qtbot: QtBot) -> None:
    plot = page.canvas.plot
    slow.go.set()

    def pan() -> tuple[float, ...]:
        plot._box.translateBy(x=50.0, y=50.0)
        plot._box.sigRangeChangedManually.emit([True, True])
        return plot._view()

    def in_view() -> bool:
        return all(plot._area().contains(QPointF(plot.to_pixel(p.x, p.y))) for p in plot.points)

    seen = pan()
    app.voices.remove_take(1)
    page.refresh()
    qtbot.waitUntil(lambda: len(plot.points) == 40)
    assert plot._view() == pytest.approx(seen)
    page.bar.methods.choose("tsne")
    qtbot.waitUntil(lambda: page.map.method == "tsne")
    assert in_view()
    pan()
    page.inspector.method._boxes["perplexity"].setValue(9)
    page.run()
    qtbot.waitUntil(lambda: page.map.asked["perplexity"] == 9)
    assert in_view()
    pan()
    page.bar.spaces.choose("sounds")
    qtbot.waitUntil(lambda: page.map is not None and page.map.space == "sounds")
    assert in_view()


def test_of_another_space_nothing_is_shown(page: MapPage, slow: Slow, qtbot: QtBot) -> None:
    page.bar.methods.choose("tsne")
    page.bar.spaces.choose("sounds")
    qtbot.waitUntil(lambda: slow.begun[-1:] == ["tsne"] and page.drawing.running and not page.canvas.plot.points)
    assert page.map is None and not page.bar.export.isEnabled() and not page.inspector.groups.rows
    assert not page.canvas.legend.isVisible()
    assert page.inspector.trust.sentence.text() == "It is being drawn."


def test_a_removed_voice_is_gone_at_once_also_while_the_map_is_made_anew(page: MapPage, slow: Slow, app: FakeEarmark,
                                                                         qtbot: QtBot) -> None:
    slow.go.set()
    page.bar.methods.choose("tsne")
    qtbot.waitUntil(lambda: page.map.method == "tsne")
    slow.go.clear()
    page.inspector.groups.choose("Chen Yu")
    app.voices.remove("Chen Yu")
    page.hidden()
    page.shown()
    qtbot.waitUntil(lambda: slow.begun == ["tsne", "tsne"])
    assert "Chen Yu" not in {point.group for point in page.canvas.plot.points}
    assert "Chen Yu" not in {row.name for row in page.inspector.groups.rows}
    assert page.canvas.plot._focus is None and page.inspector.groups.current == ""
    assert len(page.canvas.plot.points) == 35 and figures(page) == ["–", "–", "–"]
    page.bar.methods.choose("pca")
    qtbot.waitUntil(lambda: page.map is not None and page.map.method == "pca")
    assert len(page.canvas.plot.points) == 35


def test_a_hidden_page_begins_no_run(page: MapPage, slow: Slow, app: FakeEarmark, qtbot: QtBot) -> None:
    slow.go.set()
    page.bar.methods.choose("tsne")
    qtbot.waitUntil(lambda: page.map.method == "tsne")
    page.hidden()
    app.voices.remove_take(1)
    page.refresh()  # everything was forgotten, or an encoder changed
    qtbot.waitUntil(idle(page))
    assert slow.begun == ["tsne"] and len(page.canvas.plot.points) == 40


@pytest.mark.parametrize("form", ["csv", "json"])
def test_tables_are_written_in_a_lane(page: MapPage, qtbot: QtBot, tmp_path: Any, monkeypatch: pytest.MonkeyPatch,
                                      form: str) -> None:
    threads: list[str] = []
    original = export.write

    def write(*given: Any) -> None:
        threads.append(threading.current_thread().name)
        original(*given)

    monkeypatch.setattr(export, "write", write)
    page.export(tmp_path / f"a.{form}")
    qtbot.waitUntil(lambda: (tmp_path / f"a.{form}").exists() and not page.jobs.running)
    assert [name.split("-")[0] for name in threads] == ["files"]


def test_a_failure_is_told_of_the_map_that_is_asked_for(page: MapPage, slow: Slow, app: FakeEarmark, qtbot: QtBot) -> None:
    slow.go.set()
    app.maps.fail = EarmarkError("It went wrong.")
    page.bar.methods.choose("umap")
    qtbot.waitUntil(page.inspector.failure.isVisible)
    assert page.map.method == "pca" and figures(page) == ["–", "–", "–"]
    page.bar.methods.choose("pca")
    qtbot.waitUntil(idle(page))
    assert not page.inspector.failure.isVisible() and figures(page) == ["0.94", "0.96", "0.61"]


def test_during_a_scan_the_map_rests_and_is_drawn_anew_when_the_scan_has_ended(page: MapPage, slow: Slow, app: FakeEarmark,
                                                                               qtbot: QtBot) -> None:
    slow.go.set()
    page.bar.methods.choose("tsne")
    page.bar.spaces.choose("sounds")
    qtbot.waitUntil(lambda: page.map is not None and (page.map.space, page.map.method) == ("sounds", "tsne"))
    begun = len(slow.begun)
    app.library.scanning = True
    app.library._sounds.pop()
    page.refresh()
    qtbot.waitUntil(idle(page))
    qtbot.wait(50)
    assert len(slow.begun) == begun and not page.drawing.running
    assert page.inspector.trust.sentence.text() == "What there is has changed since this was drawn."
    page._look_after_scan()  # it has not ended
    qtbot.waitUntil(idle(page))
    assert len(slow.begun) == begun
    page.run()  # the user may
    qtbot.waitUntil(lambda: len(slow.begun) == begun + 1 and page._current)
    app.library._sounds.pop()
    page.refresh()
    qtbot.waitUntil(idle(page))
    app.library.scanning = False
    qtbot.waitUntil(lambda: len(slow.begun) == begun + 2 and page._current)
    qtbot.waitUntil(idle(page))
    qtbot.wait(1200)
    assert len(slow.begun) == begun + 2


@pytest.mark.parametrize("how", ["drawn", "looked"])
def test_an_old_failure_goes_when_there_is_a_map(page: MapPage, slow: Slow, app: FakeEarmark, qtbot: QtBot, how: str) -> None:
    slow.go.set()
    page.bar.methods.choose("tsne")
    qtbot.waitUntil(lambda: page.map.method == "tsne" and not page.jobs.running)
    app.maps.fail = EarmarkError("It went wrong.")
    page.run()
    qtbot.waitUntil(page.inspector.failure.isVisible)
    if how == "drawn":
        app.voices.remove_take(1)
    page.hidden()
    page.shown()
    qtbot.waitUntil(lambda: page._current and not page.jobs.running)
    assert not page.inspector.failure.isVisible()
