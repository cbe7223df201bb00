"""What points are coloured by: for sounds their folder or their first tag, for voices the voice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from engine.records import MapPoint, Sound
from gui.widgets.projection_plot import OTHER

NAMED = 12  # groups with a colour and marker of their own


@dataclass(frozen=True)
class Group:
    """name, how many points, the category it is drawn in (OTHER: grey, all the rest together)."""

    name: str
    count: int
    colour: int


def group_sounds(points: Iterable[MapPoint], sounds: Mapping[int, Sound], by: str,
                 rest: str) -> tuple[tuple[MapPoint, ...], tuple[Group, ...]]:
    """by: "tag" or "folder". rest: the word for what belongs to no named group.

    The most frequent groups get the categories in order, so that the same library keeps its colours.
    """
    found = list(points)
    names = [_name(sounds.get(point.ref or 0), point, by) for point in found]
    counted = Counter(name for name in names if name)
    ranked = sorted(counted, key=lambda name: (-counted[name], name))
    named = ranked[:NAMED] if len(ranked) <= NAMED else ranked[:NAMED - 1]
    colour = {name: i for i, name in enumerate(named)}
    drawn = tuple(replace(point, group=name or rest, colour=colour.get(name, OTHER))
                  for point, name in zip(found, names, strict=True))
    groups = [Group(name, counted[name], colour[name]) for name in named]
    others = len(found) - sum(group.count for group in groups)
    if others:
        groups.append(Group(rest, others, OTHER))
    return drawn, tuple(groups)


def group_voices(points: Iterable[MapPoint]) -> tuple[Group, ...]:
    """One group a voice, counted by its samples, in the order of the points."""
    found: dict[str, Group] = {}
    for point in points:
        if point.kind == "query":
            continue
        old = found.get(point.group, Group(point.group, 0, point.colour))
        found[point.group] = replace(old, count=old.count + (point.kind == "sample"))
    return tuple(sorted(found.values(), key=lambda group: group.name.casefold()))


def _name(sound: Sound | None, point: MapPoint, by: str) -> str:
    if sound is None:
        return point.group
    if by == "folder":
        return sound.path.parent.name
    return sound.tags[0].name if sound.tags else ""
