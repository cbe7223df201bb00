"""The model card of `compact`, written by the training that made it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.training.joint.ablation import SOURCES, Row
from engine.training.joint.material import Material
from engine.training.joint.recipe import Recipe
from engine.training.joint.texts import LabelledCaption

MEASURES = ("map", "mrr", "recall_at_1", "recall_at_10", "ndcg_at_10")


def written(base: Recipe, material: Material, groups: Sequence[tuple[str, ...]], labelled: Sequence[LabelledCaption],
            found: dict[str, Any], rows: Sequence[Row]) -> str:
    """Markdown. found: what `run.measured` gave, and "shipped"."""
    parts = [HEAD.format(seed=base.seed, sounds=sum(len(numbers) for numbers in material.sets.values()),
                         sets=", ".join(f"{source} {len(numbers)}" for source, numbers in material.sets.items()),
                         pairs=len(material.pairs), groups=len(groups), labelled=len(labelled)),
             "## Zero-shot on esc10 (the development set: choices were made on it, nothing was trained on it)", "",
             *_development(found), "",
             "## Retrieval, by grouped folds", "", FOLDS, ""]
    for way, title in (("text_to_audio", "Text → audio"), ("audio_to_text", "Audio → text")):
        parts += [f"### {title}", "", *_retrieval(found["retrieval"], way), ""]
    parts += _verdict(found["retrieval"])
    if rows:
        parts += ["", "## Ablation", "", ABLATION, "", *_ablation(rows)]
    parts += ["", LIMITS, "", "## Recipe", "", "| field | value |", "|---|---|",
              *(f"| {name} | {value} |" for name, value in base.facts().items())]
    return "\n".join(parts) + "\n"


def _development(found: dict[str, Any]) -> list[str]:
    lines = ["| | top-1 | 95 % | mAP | 95 % | top-1 among 40 other labels |", "|---|---|---|---|---|---|"]
    if found["shipped"] is None:
        return ["Not measured: the data had no such set."]
    for name, title in (("bridge", "tag bridge"), ("shipped", "compact")):
        one = found[name]
        lines.append(f"| {title} | {one['top1']:.3f} | {_pair(one['ci95']['top1'])} | {one['map']:.3f} "
                     f"| {_pair(one['ci95']['map'])} | {one['top1_among']:.3f} |")
    return lines + _told_by_development(found)


def _retrieval(tables: dict[str, Any], way: str) -> list[str]:
    lines = ["| set | measure | bridge | 95 % | trained | 95 % | difference | 95 % |", "|---|---|---|---|---|---|---|---|"]
    for source in tables:
        table = tables[source][way]
        for measure in MEASURES:
            old, new, change = table["bridge"], table["trained"], table["difference"][measure]
            lines.append(f"| {source} | {measure} | {old[measure]:.3f} | {_pair(old['ci95'][measure])} | {new[measure]:.3f} "
                         f"| {_pair(new['ci95'][measure])} | {_signed(change['difference'])} | {_signed(change['ci95'][0])} to "
                         f"{_signed(change['ci95'][1])} |")
    return lines


def _verdict(tables: dict[str, Any]) -> list[str]:
    """What the intervals tell, measure by measure, and where the trained heads are behind without an interval telling."""
    told: dict[str, list[str]] = {"better": [], "worse": [], "behind": []}
    for source in tables:
        for way, title in (("text_to_audio", "text → audio"), ("audio_to_text", "audio → text")):
            for measure in MEASURES:
                change = tables[source][way]["difference"][measure]
                low, high = change["ci95"]
                verdict = "better" if low > 0 else "worse" if high < 0 else "behind" if change["difference"] < 0 else ""
                if verdict:
                    told[verdict].append(f"{source} {title} {measure}")
    lines = {"better": "The intervals tell that trained is better on", "worse": "They tell that it is worse on",
             "behind": "It is behind, and the interval holds 0, on"}
    return [*(f"- {lines[verdict]}: {', '.join(names) or 'nothing'}." for verdict, names in told.items()),
            "- On all else they do not tell."]


def _told_by_development(found: dict[str, Any]) -> list[str]:
    changes = [f"{title} {_signed(found['shipped'][name] - found['bridge'][name])}"
               for name, title in (("top1", "top-1"), ("map", "mAP"), ("top1_among", "top-1 among other labels"))]
    return ["", f"Compact against the bridge: {', '.join(changes)}. The intervals of top-1 and mAP overlap."
            if _overlap(found, "top1") and _overlap(found, "map") else f"Compact against the bridge: {', '.join(changes)}."]


def _overlap(found: dict[str, Any], name: str) -> bool:
    (low, high), (other_low, other_high) = found["shipped"]["ci95"][name], found["bridge"]["ci95"][name]
    return bool(low <= other_high and other_low <= high)


def _ablation(rows: Sequence[Row]) -> list[str]:
    heads = ["recipe", "seeds", "esc10 top-1", "esc10 mAP", "top-1 among", "captions",
             *(f"{source} folds" for source in SOURCES), *(f"{source} unseen" for source in SOURCES)]
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for row in rows:
        values = [(row.top1, "top1"), (row.map, "map"), (row.top1_among, "top1_among"), (row.captions, "captions"),
                  *((row.folds[s], f"folds {s}") for s in SOURCES), *((row.unseen[s], f"unseen {s}") for s in SOURCES)]
        cells = [f"{value:.3f}" + (f" ± {row.spread[name]:.3f}" if name in row.spread else "") for value, name in values]
        lines.append(f"| {row.name} | {', '.join(map(str, row.seeds)) or '–'} | {' | '.join(cells)} |")
    return lines


def _pair(pair: Sequence[float]) -> str:
    return "–".join(f"{value:.3f}" for value in pair)


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")


HEAD = """# Model card: compact

The text–audio space that Earmark ships: a 512-d unit vector for each span of a sound and for each text, compared by dot
product. An audio head over YAMNet (mean tag probabilities; mean and maximum of the 1024-d embedding over time) and a text head
over all-MiniLM-L6-v2, both small enough to read: `engine/nets/joint_heads.py`. How they are trained:
`engine/training/joint/recipe.py`. This card is written by the training.

    python main.py train joint --data DIR --out DIR --seed {seed} --ablation

## Data

- {sounds} sounds ({sets}): background statistics; {pairs} pairs of a sound and a caption,
  or a name that says what is heard.
- {groups} groups of texts about one sound (WavText5K titles, descriptions and tags, MIT), no audio.
- {labelled} AudioCaps captions (MIT) with the AudioSet labels of their recordings, no audio.
- Licences of the sounds: CC0, CC BY, CC BY-SA, MIT, GPL; none of them is part of Earmark, nor any caption. The heads are ours
  (Apache-2.0). YAMNet and MiniLM are Apache-2.0 and are fetched, not shipped.
- esc10 is not trained on. Clotho is not used.
"""

FOLDS = """Three folds of each set at once: the captions of a third are held out, with all files that have them (takes of one
source have one caption), and everything else is trained on. A query ranks the held-out third only. The bridge is measured
on the same queries; the intervals of the difference are paired bootstraps over queries. Step 1 (background statistics of
the sounds, no captions) is made once from all sounds, held-out ones included."""

ABLATION = """The recipe with one thing changed. *captions*: mAP of AudioSet classes over the half of the labelled captions that
was not trained on. *folds*: mAP text → audio as above; *unseen*: the whole set is searched, and no pair of it was trained
on. *among*: top-1 where 40 labels of other things may be chosen too. ± is the standard deviation over seeds."""

LIMITS = """## Limits

- It knows what YAMNet knows: AudioSet's 521 classes. Sounds outside them are placed by what they resemble.
- Words are understood as all-MiniLM-L6-v2 understands English sentences; “no X” does not negate, use minus terms.
- Few recordings with captions were at hand, so pairs move the space only a little (`share`).
- The aiSFX embedding was left out: its net costs many times what YAMNet does, which the speed that is asked for does not allow.
- Speech, speakers and music theory are not its subject."""
