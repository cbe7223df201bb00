"""A map as a picture file: hostile names, links, devices, and an old picture that stays where the new one cannot be written."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from PySide6.QtGui import QImage

from engine.errors import EarmarkError
from engine.projection.maps import ProjectedMap
from engine.records import MapPoint, MapQuality
from gui.map_picture import draw

HOSTILE = ("<b>x</b>", "a\x1b[31mb\x00", "half \ud800", "&amp;")


@pytest.fixture
def shown(qapp) -> ProjectedMap:
    points = tuple(MapPoint(str(at), name, "sound", float(at), 1.0 - at, group=name, colour=at)
                   for at, name in enumerate(HOSTILE))
    return ProjectedMap("sounds", "pca", {}, points, (0.6, 0.3), MapQuality(None, None, None, 0), 0.1, None, len(points), 2,
                        lambda _vector: (0.0, 0.0))


def test_a_drawing_with_hostile_names_is_xml_and_shows_them_as_they_are_written(shown, tmp_path):
    draw(shown, tmp_path / "m.svg")
    text = " ".join("".join(e.itertext()) for e in ElementTree.parse(tmp_path / "m.svg").iter())
    assert "<b>x</b>" in text
    assert "&amp;" in text


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_a_link_stays_and_what_it_points_to_is_drawn(shown, tmp_path, ending):
    target, link = tmp_path / "true", tmp_path / f"link.{ending}"
    target.write_text("old")
    link.symlink_to(target.name)
    draw(shown, link)
    assert link.is_symlink()
    if ending == "png":
        assert not QImage(str(target)).isNull()
    else:
        ElementTree.parse(target)
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"link.{ending}", "true"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("ending", ["png", "svg"])
def test_a_full_device_is_said_and_stays(shown, tmp_path, ending):
    (tmp_path / f"full.{ending}").symlink_to("/dev/full")
    with pytest.raises(EarmarkError, match="No space left"):
        draw(shown, tmp_path / f"full.{ending}")
    assert Path("/dev/full").is_char_device()


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_an_old_picture_stays_where_the_new_one_cannot_be_written(shown, tmp_path, ending, monkeypatch):
    path = tmp_path / f"m.{ending}"
    path.write_text("old")
    monkeypatch.setattr("os.fsync", lambda _handle: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(EarmarkError, match="No space left"):
        draw(shown, path)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [(path.name, "old")]
