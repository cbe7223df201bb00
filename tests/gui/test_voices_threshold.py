"""The threshold, measured on the user's own voices: panel, page of its own, handle, undo."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from engine.errors import UsageError
from engine.voices.calibration import OwnCalibration
from gui.context import Context
from gui.pages.voices import VoicesPage
from gui.theme import Theme
from gui.widgets.rates import DetCurve, RateCurves
from tests.gui.fakes import FakeEarmark
from tests.gui.voices_page import Make, measured


@pytest.fixture
def make(context: Context, qtbot: QtBot) -> Iterator[Make]:
    pages: list[VoicesPage] = []

    def make() -> VoicesPage:
        page = VoicesPage(context)
        pages.append(page)
        qtbot.addWidget(page)
        for part in (page.toolbar_left(), page.toolbar_right()):
            qtbot.addWidget(part)
        page.resize(1364, 820)
        page.show()
        page.shown()
        qtbot.waitUntil(lambda: page.calibrating.found is not None or bool(page.calibrating.failure))
        return page

    yield make
    for page in pages:
        page.leaving()
        page.session.close()


@pytest.fixture
def enough(app: FakeEarmark, monkeypatch: pytest.MonkeyPatch) -> OwnCalibration:
    found = measured()
    assert found.suggested is not None
    monkeypatch.setattr(app.voices, "calibration", lambda: found)
    return found


def at(plot: RateCurves, threshold: float) -> QPoint:
    area = plot.area()
    return QPoint(round(plot._x(area, threshold)), round(area.center().y()))


def test_the_tiles_say_what_the_engine_says_of_the_threshold_in_effect(make: Make, app: FakeEarmark,
                                                                      enough: OwnCalibration) -> None:
    panel = make().side.threshold
    rates = enough.at(app.settings.value.threshold)
    assert rates is not None
    assert panel.figures.accept.rate.text() == f"{rates.false_accept * 100:.1f} %"
    assert panel.figures.reject.rate.text() == f"{rates.false_reject * 100:.1f} %"
    low, high = rates.false_accept_ci95
    assert panel.figures.accept.interval.text() == f"{low * 100:.1f} – {high * 100:.1f} %, 95 %"
    assert "72 samples against each other, each take left out once" in panel.figures.sentence.text()
    assert "no strangers" in panel.figures.sentence.text()


def test_dragging_shows_both_rates_and_letting_go_sets_the_threshold(make: Make, app: FakeEarmark, enough: OwnCalibration,
                                                                    qtbot: QtBot) -> None:
    page = make()
    plot, figures = page.side.threshold.curves, page.side.threshold.figures
    before = app.settings.value.threshold
    offered: list[str] = []
    page.offered.connect(lambda sentence, act, slot: offered.append(f"{sentence} [{act}]"))
    wanted = round((plot.low + plot.high) / 2 - 0.05, 2)
    QTest.mousePress(plot, Qt.MouseButton.LeftButton, pos=at(plot, before))
    QTest.mouseMove(plot, at(plot, wanted))
    assert plot.threshold == pytest.approx(wanted, abs=0.011)
    rates = enough.at(plot.threshold)
    assert rates is not None
    assert figures.accept.rate.text() == f"{rates.false_accept * 100:.1f} %"
    assert app.settings.value.threshold == before  # not before the handle is let go
    QTest.mouseRelease(plot, Qt.MouseButton.LeftButton, pos=at(plot, wanted))
    assert app.settings.value.threshold == plot.threshold != before
    assert offered == [f"The threshold is {plot.threshold:.2f} now; it was {before:.2f}. [Undo]"]
    page.context.actions.trigger("voices.undo")
    qtbot.waitUntil(lambda: app.settings.value.threshold == before)
    assert plot.threshold == before
    assert len(offered) == 1  # taking it back is no change to be taken back
    said: list[str] = []
    page.said.connect(said.append)
    page.context.actions.trigger("voices.undo")
    qtbot.waitUntil(lambda: said == ["There is nothing to undo."])


def test_keys_move_the_handle_and_the_suggestion_is_one_press(make: Make, app: FakeEarmark, enough: OwnCalibration) -> None:
    page = make()
    panel, before = page.side.threshold, app.settings.value.threshold
    QTest.keyClick(panel.curves, Qt.Key.Key_Right)
    assert app.settings.value.threshold == pytest.approx(before + 0.01)
    assert f"Threshold {before + 0.01:.2f}" in panel.curves.accessibleName()
    assert panel.figures.use.isVisible()
    panel.figures.use.click()
    assert enough.suggested is not None
    assert 0 <= app.settings.value.threshold - enough.suggested < 0.01
    rates = enough.at(app.settings.value.threshold)
    assert rates is not None and rates.false_accept <= 0.01
    assert not panel.figures.use.isVisible()


def test_the_page_of_its_own_has_both_plots_and_a_slider(make: Make, app: FakeEarmark, enough: OwnCalibration) -> None:
    page = make()
    page.side.threshold.expand.click()
    large = page.large
    assert large.isVisible() and large.curves.isVisible() and large.det.isVisible() and not page.side.isVisible()
    large.slider.setValue(70)
    assert large.number.value() == 0.7 and large.det.threshold == 0.7  # shown on the way
    large.slider.settle()
    assert app.settings.value.threshold == 0.7 and large.number.value() == 0.7 and large.det.threshold == 0.7
    large.number.setValue(0.66)
    large.number.settle()
    assert app.settings.value.threshold == 0.66 and large.slider.value() == 66
    QTest.keyClick(large, Qt.Key.Key_Escape)
    assert page.panel.isVisible() and page.side.isVisible()
    page.context.actions.trigger("voices.threshold")
    assert large.isVisible()


def test_on_the_det_curve_the_nearest_operating_point_is_taken(enough: OwnCalibration, make: Make) -> None:
    page = make()
    panel = page.side.threshold
    panel.kind.choose("det")
    plot: DetCurve = panel.det
    assert plot.isVisible() and not panel.curves.isVisible()
    xs, ys = plot._places(plot.area(), plot._rates)
    inside = [n for n in range(len(xs)) if 0.02 < enough.far[n] < 0.3 and 0.02 < enough.frr[n] < 0.5]
    assert inside, "the made-up voices overlap, so that there is a curve"
    n = inside[len(inside) // 2]
    QTest.mousePress(plot, Qt.MouseButton.LeftButton, pos=QPoint(round(xs[n]), round(ys[n])))
    QTest.mouseRelease(plot, Qt.MouseButton.LeftButton, pos=QPoint(round(xs[n]), round(ys[n])))
    rates = enough.at(plot.threshold)
    assert rates is not None
    assert rates.false_accept == pytest.approx(enough.far[n], abs=0.05)


def test_too_little_data_is_said_with_what_is_missing(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    page = make()  # 18 takes of six voices
    panel = page.side.threshold
    assert panel.figures.sentence.text().startswith("Too little to tell: 18 takes of others asked, 30 are needed.")
    assert panel.figures.icon.name == "warning-fill" and not panel.figures.use.isVisible()
    for name in [voice.name for voice in app.voices.list()][1:]:
        app.voices.remove(name)
    page.refresh()
    qtbot.waitUntil(lambda: "nobody to mistake them for" in panel.figures.sentence.text())
    assert not panel.plots.isVisible() and not panel.figures.accept.isVisible()


def test_a_measurement_that_is_not_to_be_had_says_why_and_can_be_repeated(make: Make, app: FakeEarmark, qtbot: QtBot,
                                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> OwnCalibration:
        raise UsageError("Dot products are there to compare with; choose cosine to calibrate its threshold.")

    with monkeypatch.context() as patch:
        patch.setattr(app.voices, "calibration", refuse)
        page = make()
        assert page.side.threshold.state.text().startswith("Dot products")
    page.side.threshold.again.click()
    qtbot.waitUntil(lambda: page.side.threshold.plots.isVisible())
    assert not page.side.threshold.state.isVisible()


def test_it_is_measured_again_when_the_voices_change(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    page = make()
    app.voices.remove("Chen Yu")
    page.refresh()
    qtbot.waitUntil(lambda: "30 samples against each other" in page.side.threshold.figures.sentence.text())


@pytest.mark.parametrize(("size", "folded"), [((1364, 820), False), ((1204, 720), False), ((1044, 620), True)])
def test_it_folds_where_there_is_little_room(make: Make, enough: OwnCalibration, size: tuple[int, int], folded: bool,
                                             qtbot: QtBot) -> None:
    page = make()
    page.resize(*size)
    qtbot.waitUntil(lambda: page.side.threshold.folded is folded)
    panel = page.side.threshold
    assert panel.curves.isVisible() is not folded and panel.short.isVisible() is folded
    assert panel.expand.isVisible()
    if folded:
        assert panel.short.text().startswith("0.50 · lets in ")


def test_another_page_may_ask_for_it_before_the_voices_were_read(make: Make, context: Context, enough: OwnCalibration,
                                                                 qtbot: QtBot) -> None:
    page = VoicesPage(context)
    qtbot.addWidget(page)
    said: list[str] = []
    page.said.connect(said.append)
    page.resize(1364, 820)
    page.show()
    page.shown()
    page.open("threshold")
    qtbot.waitUntil(page.large.curves.isVisible)
    assert said == []
    page.leaving()
    page.session.close()


@pytest.mark.parametrize("size", [(240, 150), (300, 220), (560, 520)])
@pytest.mark.parametrize("spread", [0.16, 0.3])
def test_no_line_runs_through_the_words_beside_the_curves(theme: Theme, qtbot: QtBot, size: tuple[int, int],
                                                          spread: float) -> None:
    found = measured(spread=spread)
    plot = RateCurves(theme)
    qtbot.addWidget(plot)
    plot.resize(*size)
    area = plot.area()
    for threshold in (0.3, 0.5, 0.62, 0.7, 0.9):
        plot.show_found(found, threshold)
        over = np.linspace(plot.low, plot.high, 400)
        far, frr = found.over(over)
        xs = np.array([plot._x(area, one) for one in over])
        boxes = plot.word_boxes(plot.fontMetrics(), area, xs, far, frr)
        assert [word for word, _, _ in boxes] == ["let in", "refused"]
        handle = plot._x(area, threshold)
        for word, _, box in boxes:
            assert not box.left() < handle < box.right(), (threshold, word)
            for x, rates in zip(xs, zip(far, frr, strict=True), strict=True):
                assert not any(box.contains(x, plot._y(area, rate)) for rate in rates), (threshold, word)
        assert not boxes[0][2].intersects(boxes[1][2])


@pytest.mark.parametrize("size", [(250, 170), (320, 230), (420, 560)])
def test_the_words_of_the_det_curve_keep_away_from_it(theme: Theme, qtbot: QtBot, size: tuple[int, int]) -> None:
    plot = DetCurve(theme)
    qtbot.addWidget(plot)
    plot.resize(*size)
    plot.show_found(measured(spread=0.3), 0.6)
    text, box = plot.words_and_box(plot.area(), plot.fontMetrics(), 0.046)
    xs, ys = plot._places(plot.area(), plot._rates)
    assert text in ("equal error rate 4.6 %", "EER 4.6 %")
    assert not any(box.contains(float(x), float(y)) for x, y in zip(xs, ys, strict=True))


def test_too_little_to_draw_is_said_at_the_top_of_the_panel(make: Make, app: FakeEarmark, monkeypatch: pytest.MonkeyPatch,
                                                            qtbot: QtBot) -> None:
    monkeypatch.setattr(app.voices, "calibration", lambda: measured(voices=1, takes=1))
    page = make()
    panel = page.side.threshold
    panel.fold(False)
    qtbot.waitUntil(panel.figures.isVisible)
    assert panel.figures.sentence.text().startswith("No voice has two takes yet")
    qtbot.waitUntil(lambda: abs(panel.figures.sentence.geometry().top() - panel.figures.icon.geometry().top()) < 6)
    assert panel.figures.mapTo(panel, panel.figures.sentence.pos()).y() < 90
