"""The projection plot and the widgets that draw sound: what a user would see."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from engine.audio.features import SpectrogramStream
from engine.records import MapPoint, Span, Turn
from gui.theme import Theme
from gui.widgets.level_meter import LevelMeter, level_words
from gui.widgets.projection_plot import OTHER, AxisWords, Link, ProjectionPlot
from gui.widgets.projection_plot.axes import step_for, tick_text, ticks
from gui.widgets.projection_plot.names import Name, place
from gui.widgets.projection_plot.query import Query
from gui.widgets.projection_plot.raster import rasterise
from gui.widgets.spectrogram import BANDS, SpectrogramView, frequency_ticks
from gui.widgets.timeline import Timeline, clock
from gui.widgets.voice_rows import BarRow, BarRows, initials
from gui.widgets.waveform import LiveWaveform


def voices() -> list[MapPoint]:
    points = []
    for i, (name, x, y) in enumerate((("Amara Okafor", -1.5, 0.9), ("Ben Lindqvist", 1.2, 1.1), ("Chen Yu", 0, -1.4))):
        points.append(MapPoint(f"centroid-{i}", name, "centroid", x, y, i, name, i))
        points += [MapPoint(f"sample-{i}-{k}", name, "sample", x + dx, y + dy, 10 * i + k, name, i)
                   for k, (dx, dy) in enumerate(((0.2, 0.1), (-0.2, 0.1), (0.0, -0.2)))]
    return points


@pytest.fixture
def plot(qtbot: QtBot, theme: Theme) -> ProjectionPlot:
    theme.reduced_motion = True
    plot = ProjectionPlot(theme, "large", "plot")
    qtbot.addWidget(plot)
    plot.resize(700, 600)
    plot.show()
    qtbot.waitExposed(plot)
    return plot


def pixels_of(widget: QWidget, colour: str) -> int:
    """How many pixels are of this colour."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    raw = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.width())
    return int((raw & 0xFFFFFF == QColor(colour).rgb() & 0xFFFFFF).sum())


def test_every_voice_is_named_once_and_no_name_covers_another(plot: ProjectionPlot) -> None:
    plot.set_points(voices(), AxisWords("PC 1 · 31 %", "PC 2 · 18 %"))
    assert sorted(plot.names()) == ["Amara Okafor", "Ben Lindqvist", "Chen Yu"]
    boxes = [box for box, _, _ in plot._names]
    assert not any(a.intersects(b) for i, a in enumerate(boxes) for b in boxes[i + 1:])


def test_both_axes_have_the_same_scale(plot: ProjectionPlot) -> None:
    plot.set_points(voices())
    a, b, c = plot.to_pixel(0, 0), plot.to_pixel(1, 0), plot.to_pixel(0, 1)
    assert b.x() - a.x() == pytest.approx(a.y() - c.y(), rel=0.01)


def test_fit_brings_every_point_and_the_query_into_view(plot: ProjectionPlot) -> None:
    plot.set_points(voices())
    plot.move_query(0.0, 6.0, 5.0)
    area = plot._area()
    assert area.contains(plot.to_pixel(6.0, 5.0))
    assert all(area.contains(plot.to_pixel(p.x, p.y)) for p in voices())


def test_a_voice_is_drawn_in_its_colour_in_both_themes(plot: ProjectionPlot, theme: Theme) -> None:
    plot.set_points(voices())
    assert pixels_of(plot, theme.category(0)) > 50
    theme.set_mode("light")
    assert pixels_of(plot, theme.category(0)) > 50
    assert pixels_of(plot, theme.tokens.plot) > 100_000


def test_the_query_is_drawn_in_the_accent_and_goes_away(plot: ProjectionPlot, theme: Theme) -> None:
    plot.set_points(voices())
    assert pixels_of(plot, theme.tokens.accent) == 0
    plot.move_query(1.0, 0.0, 0.0, [Link(-1.5, 0.9, 0.84)])
    assert pixels_of(plot, theme.tokens.accent) > 20
    plot.clear_query()
    assert pixels_of(plot, theme.tokens.accent) == 0


def test_the_trail_holds_the_last_four_seconds(plot: ProjectionPlot) -> None:
    plot.set_points(voices())
    for step in range(40):
        plot.move_query(step * 0.25, step * 0.01, 0.0)
    times = [time_s for time_s, _, _ in plot.query._trail]
    assert times[-1] == 9.75
    assert times[0] == 5.75
    plot.move_query(0.0, 0.0, 0.0)  # another session begins
    assert len(plot.query._trail) == 1


def test_pointing_shows_a_card_at_once_and_lets_it_sound_after_a_moment(plot: ProjectionPlot, qtbot: QtBot) -> None:
    plot.set_points(voices())
    told: list[tuple[str, object]] = []
    plot.pointed.connect(lambda p: told.append(("pointed", p.id if p else None)))
    plot.hovered.connect(lambda p: told.append(("hovered", p.id if p else None)))
    at = plot.to_pixel(1.2, 1.1).toPoint()
    qtbot.mouseMove(plot.viewport(), at)
    assert told == [("pointed", "centroid-1")]
    assert plot._card.isVisible()
    assert plot._card.words.title == "Ben Lindqvist"
    qtbot.waitUntil(lambda: ("hovered", "centroid-1") in told, timeout=1000)
    qtbot.mouseMove(plot.viewport(), plot.to_pixel(0.5, 0.2).toPoint())
    assert told[-2:] == [("hovered", None), ("pointed", None)]
    assert not plot._card.isVisible()


def test_a_press_tells_which_point(plot: ProjectionPlot, qtbot: QtBot) -> None:
    plot.set_points(voices())
    told: list[object] = []
    plot.clicked.connect(lambda p: told.append(p.id if p else None))
    qtbot.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=plot.to_pixel(0, -1.4).toPoint())
    qtbot.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=plot.to_pixel(0.6, 0.2).toPoint())
    assert told == ["centroid-2", None]


def test_the_same_points_move_to_a_new_map_unless_motion_is_reduced(plot: ProjectionPlot, theme: Theme,
                                                                    qtbot: QtBot) -> None:
    there = [MapPoint(p.id, p.label, p.kind, p.y, -p.x, p.ref, p.group, p.colour) for p in voices()]
    plot.set_points(voices())
    plot.set_points(there)
    assert not plot.moving
    theme.reduced_motion = False
    plot.set_points(voices())
    assert plot.moving
    qtbot.waitUntil(lambda: not plot.moving, timeout=2000)
    np.testing.assert_allclose(plot._layers.xy, [(p.x, p.y) for p in voices()])


def test_many_points_become_an_image(plot: ProjectionPlot, qtbot: QtBot, theme: Theme) -> None:
    rng = np.random.default_rng(1)
    points = [MapPoint(str(i), "", "sound", x, y, i, "", 1) for i, (x, y) in enumerate(rng.normal(size=(50_001, 2)))]
    plot.set_points(points)
    assert plot.rastered
    qtbot.waitUntil(lambda: not plot._raster_timer.isActive(), timeout=1000)
    assert pixels_of(plot, theme.tokens.plot) < 700 * 600 * 0.9
    plot.set_points(points[:100])
    assert not plot.rastered


def test_a_raster_counts_every_point_where_it_is() -> None:
    image = rasterise(np.array([[0.5, 0.5], [0.6, 0.6], [3.5, 1.5], [9, 9]]), np.array([[10., 20, 30]] * 4),
                      (0, 0, 4, 2), (4, 2))
    assert image.shape == (4, 2, 4)
    assert (image[..., 3] > 0).sum() == 2
    assert image[0, 0, 3] > image[3, 1, 3] > 0
    assert tuple(image[0, 0, :3]) == (10, 20, 30)


def test_others_step_back_when_one_group_has_the_focus(plot: ProjectionPlot, theme: Theme) -> None:
    plot.set_points(voices())
    plot.set_focus_group("Chen Yu")
    assert pixels_of(plot, theme.category(2)) > 50
    assert pixels_of(plot, theme.category(0)) == 0


def test_what_has_no_group_is_not_named(plot: ProjectionPlot) -> None:
    plot.set_points([MapPoint("a", "a.wav", "sound", 0, 0, 1, "others", OTHER),
                     MapPoint("b", "b.wav", "sound", 1, 1, 2, "Rain", 0)])
    assert plot.names() == ["Rain"]


def test_ticks_are_round_and_have_a_true_minus() -> None:
    assert step_for(5.0, 700) == 0.5
    values, places = ticks(-2.2, 2.2, 300)
    assert [tick_text(value, places) for value in values] == ["−2", "−1", "0", "1", "2"]
    assert tick_text(-0.04, 1) == "0.0"


def test_a_name_without_room_is_left_out() -> None:
    points = np.array([[50.0, 20.0]])
    names = [Name(text, QSizeF(90, 16), points, QPointF(50, 20)) for text in "abc"]
    found = place(names, points, QRectF(0, 0, 100, 40))
    assert found[0] is not None
    assert None in found


# --- sound ------------------------------------------------------------------------------------------------------------


def test_a_spectrogram_shows_a_tone_where_its_frequency_is(qtbot: QtBot, theme: Theme) -> None:
    view = SpectrogramView(theme, 100)
    qtbot.addWidget(view)
    at = np.arange(32_000) / 16_000
    tone = np.sin(2 * np.pi * 1000 * at).astype(np.float32)
    view.push(SpectrogramStream(16_000, "mel", BANDS, 0.02, 8000).push(tone))
    rows = view._pixels[:, :100].astype(int).mean(axis=1)
    share = 1 - rows.argmax() / BANDS
    wanted = next(height for height, text in frequency_ticks("mel") if text == "1k")
    assert share == pytest.approx(wanted, abs=0.03)


def test_a_spectrogram_scrolls_and_a_take_fills_from_the_left(qtbot: QtBot, theme: Theme) -> None:
    scrolling, filling = SpectrogramView(theme, 50), SpectrogramView(theme, 50, scrolling=False)
    for view in (scrolling, filling):
        qtbot.addWidget(view)
        view.push(np.full((BANDS, 10), -10.0, np.float32))
    assert scrolling._pixels[0, 45] == 255 and scrolling._pixels[0, 0] == 0
    assert filling._pixels[0, 5] == 255 and filling._pixels[0, 15] == 0
    filling.push(np.full((BANDS, 200), -10.0, np.float32))  # a long take does not lose its beginning
    assert filling._filled == 210


def test_a_loud_moment_is_drawn_in_the_waveform(qtbot: QtBot, theme: Theme) -> None:
    wave = LiveWaveform(theme, 100)
    qtbot.addWidget(wave)
    wave.resize(200, 60)
    quiet = pixels_of(wave, theme.tokens.wave)
    wave.push(np.full(20, 200, np.uint8))
    assert pixels_of(wave, theme.tokens.wave) > quiet + 500


def test_the_meter_turns_red_only_when_it_is_loud(qtbot: QtBot, theme: Theme) -> None:
    meter = LevelMeter(theme)
    qtbot.addWidget(meter)
    meter.resize(52, 280)
    meter.set_level(-20, -14)
    assert pixels_of(meter, theme.tokens.error) == 0
    assert pixels_of(meter, theme.tokens.ok) > 100
    meter.set_level(-2, 0)
    assert pixels_of(meter, theme.tokens.error) > 50
    assert level_words(-14.2) == "−14 dB"
    assert level_words(-120) == "−∞ dB"


# --- turns and rows ---------------------------------------------------------------------------------------------------


def test_the_timeline_has_a_lane_for_each_voice_and_the_unknown_last(qtbot: QtBot, theme: Theme) -> None:
    line = Timeline(theme)
    qtbot.addWidget(line)
    line.resize(700, 240)
    line.set_turns([Turn(None, "unknown", Span(0, 2)), Turn("Amara", "match", Span(3, 9)),
                    Turn("Ben", "tentative", Span(10, 11)), Turn("Amara", "match", Span(12, 15))], 20,
                   {"Amara": 0, "Ben": 1})
    assert [(lane.name, lane.spoken_s, lane.colour) for lane in line.lanes()] == [
        ("Amara", 9.0, 0), ("Ben", 1.0, 1), ("Unknown", 2.0, None)]
    assert "Unknown 0:02" in line.accessibleDescription()
    assert pixels_of(line, theme.category(0)) > 200
    before = line.window_s
    line.zoom(1)
    assert line.window_s < before
    assert clock(252.9) == "4:12"


def test_the_timeline_follows_now_until_it_is_dragged_away(qtbot: QtBot, theme: Theme) -> None:
    line = Timeline(theme)
    qtbot.addWidget(line)
    line.resize(700, 240)
    line.set_turns([Turn("Amara", "match", Span(0, 590))], 600, {"Amara": 0})
    assert line.shown == (480, 600)
    strip = line._overview()
    qtbot.mousePress(line, Qt.MouseButton.LeftButton, pos=QPointF(strip.left() + 2, strip.center().y()).toPoint())
    assert line.shown == (0, 120)
    qtbot.mousePress(line, Qt.MouseButton.LeftButton, pos=QPointF(strip.right() - 2, strip.center().y()).toPoint())
    assert line.shown == (480, 600)


def test_initials_and_rows_in_words(qtbot: QtBot, theme: Theme) -> None:
    assert [initials(name) for name in ("Amara Okafor", "Chen", "Jean-Luc Le Goff", "?")] == ["AO", "CH", "JG", "?"]
    rows = BarRows(theme)
    qtbot.addWidget(rows)
    rows.set_rows([BarRow("Amara", 0.84, "0.84", colour=0), BarRow("Ben", 0.61, "0.61", colour=1)], 0.7)
    assert rows.accessibleDescription() == "Amara 0.84; Ben 0.61"
    rows.resize(300, 48)
    assert pixels_of(rows, theme.tokens.text1) > 0  # the threshold's tick


def test_similarities_on_the_lines_never_overlap(theme: Theme) -> None:
    """Two centroids that lie almost in one direction."""
    placed: list[QRectF] = []

    class Texts:
        def paint(self, painter: QPainter, centre: QPointF, text: str, colour: str, weight: int) -> None:
            placed.append(QRectF(centre.x() - 14, centre.y() - 7, 28, 14))

    query = Query()
    query.move(1.0, 100.0, 100.0, [Link(400, 90, 0.8), Link(400, 300, 0.09), Link(425, 310, 0.03)])
    image = QImage(500, 500, QImage.Format.Format_ARGB32)
    painter = QPainter(image)
    query.paint(painter, theme, QPointF, 14.0, Texts())  # type: ignore[arg-type]
    painter.end()
    assert len(placed) == 3
    assert not any(a.intersects(b) for a, b in itertools.combinations(placed, 2))
