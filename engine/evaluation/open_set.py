"""The open set: names for those who are enrolled, *unknown* for strangers, at thresholds that were set beforehand.

Some utterances a speaker are enrolled, usually three (fewer where there are fewer), in the twenty seeded draws of `speakers.py`.
Every other utterance asks with one drawn stretch of 1.5, 3 and 5 s and as a whole. Strangers are people of another folder, of
whom as many stretches are drawn that there are at least 1,000 of each length ("whole" ones are as long as utterances of the
enrolled); or each speaker in turn, who is not enrolled then, and all of whose stretches ask. Strangers whose recordings
are in the cohort statistics are left out. Thresholds are those of resources/cohort, or none.

Rates by a sliding threshold (far_at_frr, EER, minDCF) take as genuine the similarity to a query's own voice, and as impostor
the highest similarity of a stranger. `right` and `false_accept` are at the fixed threshold and margin: matches by the right
name among the queries, and matches among the strangers. Intervals are bootstraps over speakers.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.audio import files
from engine.encoders.protocols import VoiceEncoder
from engine.errors import AudioError, EarmarkError, UsageError
from engine.evaluation import channels, data
from engine.evaluation.stretches import Cut, Ears, Embedded, crop, embed
from engine.files import write_whole
from engine.metrics import intervals, verification
from engine.records import Audio
from engine.settings import Settings
from engine.tasks import Ticket
from engine.texts import csv_table
from engine.voices.backends import Backend, Background, Enrolled, Scale
from engine.voices.backends.protocol import Fitted
from engine.voices.choice import Method
from engine.voices.cohort import Cohort, digest

if TYPE_CHECKING:
    from engine.evaluation.speakers import Utterances

LENGTHS_S: tuple[float | None, ...] = (1.5, 3.0, 5.0, None)
ENROLL = 3
STRANGER_CROPS = 1000  # of each length, at least


def kind_of(length_s: float | None) -> str:
    return "whole" if length_s is None else f"{length_s:g} s"


def query_cut(seed: int) -> Cut:
    """One drawn stretch of each length of an utterance."""
    def cut(number: int, audio: Audio) -> list[tuple[str, Audio]]:
        rng = np.random.default_rng([seed, 1, number])
        made = [(kind_of(length), crop(audio, length, rng)) for length in LENGTHS_S if length is not None]
        return [(kind, stretch) for kind, stretch in made if stretch is not None]

    return cut


def stranger_cut(seed: int, count: int, lengths_s: np.ndarray, more: Mapping[float, int]) -> Cut:
    """`count` drawn stretches of each length of a recording; the last length is drawn from lengths_s. more: further ones by
    length, drawn last."""
    def cut(number: int, audio: Audio) -> list[tuple[str, Audio]]:
        rng = np.random.default_rng([seed, 2, number])
        made = []
        for length in LENGTHS_S:
            for _ in range(count):
                wanted = min(float(rng.choice(lengths_s)), audio.duration_s) if length is None else length
                stretch = crop(audio, wanted, rng)
                if stretch is not None:
                    made.append((kind_of(length), stretch))
        further = [(length, crop(audio, length, rng)) for length, times in more.items() for _ in range(times)]
        return made + [(kind_of(length), stretch) for length, stretch in further if stretch is not None]

    return cut


def too_few(items: Sequence[data.Labelled], count: int) -> dict[float, int]:
    """How many further stretches of a length each recording has to give, because some are shorter than that."""
    lengths = []
    for item in items:
        with contextlib.suppress(AudioError):
            lengths.append(files.info(item.path).duration_s)
    long = {length: sum(one >= length for one in lengths) for length in LENGTHS_S if length is not None}
    return {length: -(-STRANGER_CROPS // n) - count for length, n in long.items() if 0 < n * count < STRANGER_CROPS}


@dataclass(frozen=True)
class Strangers:
    """Who is not enrolled. items: recordings that stretches.item numbers. names, whole_names: (n,), of the rows of both. of:
    people who are the stranger in turn, None where all ask every time. left_out: recordings that are in the cohort statistics."""

    items: Sequence[data.Labelled]
    stretches: Embedded
    whole: Embedded
    names: np.ndarray
    whole_names: np.ndarray
    of: tuple[int, ...] | None
    left_out: int

    def asked(self, length_s: float | None, who: int | None) -> tuple[Embedded, np.ndarray, np.ndarray]:
        """The stretches of a length that ask when `who` is the stranger: where they are, their rows, whose they are."""
        source, names = (self.whole, self.whole_names) if length_s is None else (self.stretches, self.names)
        rows = source.of(kind_of(length_s))
        if who is not None:
            rows = rows[names[rows] == who]
        return source, rows, names[rows]


def others(folder: Path, whole: Embedded, encoder: VoiceEncoder, cohort: Cohort | None, seed: int, ticket: Ticket,
           channel: str, ears: Ears) -> Strangers:
    """People of another folder. Raises UsageError when there are none left."""
    everybody = data.strangers(folder)
    items = [item for item in everybody if cohort is None or digest(item.path) not in cohort.files]
    if not items:
        raise UsageError(f"Everybody in {folder} is in the cohort statistics. Strangers have to be somebody else.")
    count = -(-STRANGER_CROPS // len(items))
    found = embed(items, stranger_cut(seed, count, whole.seconds, too_few(items, count)), encoder, ticket, "strangers",
                  channels.asking(channel, seed, 1), ears)
    if not len(found.vectors):
        raise UsageError(f"None of the recordings in {folder} can be read.")
    names = np.array([item.label for item in items])[found.item]
    return Strangers(items, found, found, names, names, None, len(everybody) - len(items))


def each_in_turn(spoken: Utterances, stretches: Embedded, whole: Embedded, items: Sequence[data.Labelled],
                 cohort: Cohort | None) -> Strangers:
    """Every speaker once. items: as stretches.item counts. Raises UsageError where all are in the cohort statistics, or there
    are too few to leave one out."""
    known = [cohort is not None and digest(item.path) in cohort.files for item in items]
    learned = {int(label) for label, one in zip(spoken.label, known, strict=True) if one}
    turns = tuple(int(label) for label in np.unique(spoken.label) if int(label) not in learned)
    if not turns:
        raise UsageError("Everybody here is in the cohort statistics. Strangers have to be somebody else.")
    if len(np.unique(spoken.label)) < 3:
        raise UsageError("To leave out one speaker after the other, there have to be three at least.")
    return Strangers(items, stretches, whole, spoken.label[stretches.item], spoken.label, turns, sum(known))


def evaluate(spoken: Utterances, stretches: Embedded, whole: Embedded, strangers: Strangers, cohort: Cohort | None,
             backends: Sequence[Backend], seed: int, lists: Path | None = None, enroll: int = ENROLL) -> dict[str, Any]:
    """Rows of `open_set`, and what the test lists were. lists: a file to write them to."""
    from engine.evaluation import speakers

    enroll = min(enroll, int(np.bincount(spoken.label).max()) - 1)
    rows: list[dict[str, Any]] = []
    for backend in backends:
        fitted = list(_rounds(spoken, backend, cohort.background if cohort else None, strangers.of, enroll, seed))
        for length in LENGTHS_S:
            trials = _Trials()
            source, at = (whole, np.arange(len(whole.vectors))) if length is None else (stretches, stretches.of(kind_of(length)))
            for who, scorer, left, out in fitted:
                asked = at[np.isin(source.item[at] if length is not None else at, left)]
                utterance = asked if length is None else source.item[asked]
                from_where, strange, names = strangers.asked(length, out)
                trials.add(scorer.similarities(source.vectors[asked], source.narrow[asked]),
                           np.searchsorted(who, spoken.label[utterance]), spoken.label[utterance], conditions(source, asked),
                           scorer.similarities(from_where.vectors[strange], from_where.narrow[strange]), names,
                           conditions(from_where, strange))
            if trials.own and sum(len(part[0]) for part in trials.strange):
                rows.append(_row(backend, length, trials, cohort, seed))
    kinds = [kind_of(length) for length in LENGTHS_S]
    asking = [strangers.asked(length, None)[1] for length in LENGTHS_S]
    about = {"seed": seed, "enroll": enroll, "draws": speakers.DRAWS, "in_turn": strangers.of is not None,
             "strangers": len(set(strangers.names)) if strangers.of is None else len(strangers.of),
             "left_out": strangers.left_out, "stranger_crops": dict(zip(kinds, map(len, asking), strict=True)),
             "queries": {kind_of(x): len(whole.vectors) if x is None else len(stretches.of(kind_of(x))) for x in LENGTHS_S}}
    drawn = _lists(spoken, strangers, whole, enroll, seed)
    about["sha256"] = hashlib.sha256("\n".join(",".join(line) for line in drawn).encode()).hexdigest()
    if lists is not None:
        try:
            write_whole(lists, csv_table(("kind", "draw_or_length", "file_or_utterance", "seconds"), drawn))
        except OSError as error:
            raise EarmarkError(f"{lists} cannot be written: {error.strerror or error}.") from error
    return {"open_set": rows, "open_set_lists": about}


_Round = tuple[np.ndarray, Fitted, np.ndarray, int | None]


def _rounds(spoken: Utterances, backend: Backend, background: Background | None, turns: tuple[int, ...] | None, enroll: int,
            seed: int) -> Iterator[_Round]:
    """Who is enrolled (sorted), the voices learned, the utterances that are left to ask, and who is the stranger then."""
    from engine.evaluation import speakers

    for speaking, enrolled, left in speakers.draws(spoken, enroll, seed):
        who = np.array(speaking)
        if turns is None:
            yield who, backend.fit(enrolled, background), left, None
            continue
        for out in turns:
            stay = who[enrolled.owner] != out
            rest = who[who != out]
            few = Enrolled(enrolled.vectors[stay], np.searchsorted(rest, who[enrolled.owner[stay]]), len(rest))
            yield rest, backend.fit(few, background), left[spoken.label[left] != out], out


class _Trials:
    """What all draws gave, for one back-end and length."""

    def __init__(self) -> None:
        self.own: list[np.ndarray] = []  # similarity to the own voice
        self.best: list[np.ndarray] = []
        self.second: list[np.ndarray] = []
        self.named: list[np.ndarray] = []  # the nearest voice is the right one
        self.who: list[np.ndarray] = []
        self.how: list[np.ndarray] = []
        self.strange: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []  # best, second, name, how

    def add(self, known: np.ndarray, voice: np.ndarray, who: np.ndarray, how: np.ndarray, strange: np.ndarray,
            names: np.ndarray, strange_how: np.ndarray) -> None:
        """how: see `conditions`, of both."""
        if len(known):
            best, second = _two(known)
            self.own.append(known[np.arange(len(known)), voice])
            self.best.append(best)
            self.second.append(second)
            self.named.append(known.argmax(axis=1) == voice)
            self.who.append(who)
            self.how.append(how)
        self.strange.append((*_two(strange), names, strange_how))


def conditions(stretches: Embedded, rows: np.ndarray) -> np.ndarray:
    """Seconds, signal-to-noise ratio in dB and narrow band (1 or 0) of stretches: (n, 3)."""
    return np.stack([stretches.seconds[rows], stretches.snr_db[rows], stretches.narrow[rows]], axis=1)


def _two(raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The highest and the second highest of each row."""
    if raw.shape[1] < 2:
        return raw[:, 0], np.full(len(raw), -np.inf)
    ordered = np.partition(raw, -2, axis=1)
    return ordered[:, -1], ordered[:, -2]


def _row(backend: Backend, length: float | None, trials: _Trials, cohort: Cohort | None, seed: int) -> dict[str, Any]:
    own, best, second, named, who, how = (np.concatenate(part) for part in (
        trials.own, trials.best, trials.second, trials.named, trials.who, trials.how))
    strange, runner, names, strange_how = (np.concatenate([t[i] for t in trials.strange]) for i in range(4))
    scale = cohort.scales.get(backend.name) if cohort else None
    calibration = cohort.calibrations.get(backend.name) if cohort else None
    row: dict[str, Any] = {
        "backend": backend.title, "length_s": length, "queries": len(own), "stranger_trials": len(strange),
        "far_at_frr_01": verification.far_at_frr(own, strange, 0.01)[0],
        "far_at_frr_05": verification.far_at_frr(own, strange, 0.05)[0],
        "eer": verification.eer(own, strange)[0], "min_dcf": verification.min_dcf(own, strange),
        "cllr": None, "threshold": None, "right": None, "wrong": None, "false_accept": None, "ci95": None}
    if calibration is not None:
        row["cllr"] = verification.cllr(calibration.log_odds(own, *how.T), calibration.log_odds(strange, *strange_how.T))
    if scale is not None:
        method = Method(backend, scale=scale)
        accepted = _accepted(best, second, method, scale, how)
        right, wrong = (accepted & named).astype(float), (accepted & ~named).astype(float)
        let_in = _accepted(strange, runner, method, scale, strange_how).astype(float)
        row |= {"threshold": scale.middle, "right": float(right.mean()), "wrong": float(wrong.mean()),
                "false_accept": float(let_in.mean()), "ci95": {
                    "right": list(intervals.bootstrap_ci95(right, seed=seed, groups=who.tolist())),
                    "false_accept": list(intervals.bootstrap_ci95(let_in, seed=seed, groups=names.tolist()))}}
    return row


def _accepted(best: np.ndarray, second: np.ndarray, method: Method, scale: Scale, how: np.ndarray) -> np.ndarray:
    """Similar enough, and far enough ahead of the runner-up, as `Identifier` decides with the default margin."""
    return (scale.apply(best, *how[:, :2].T) >= 0.5) & (method.lead(best, second) >= Settings().margin_in(method.margin_unit))


def _lists(spoken: Utterances, strangers: Strangers, whole: Embedded, enroll: int, seed: int) -> list[tuple[str, str, str, str]]:
    """Every draw and every stranger's stretch, one line each; utterances by their number in order of the paths."""
    from engine.evaluation import speakers

    drawn = [("query", str(n), str(int(whole.item[u])), "") for n, (_, _, left) in enumerate(speakers.draws(spoken, enroll, seed))
             for u in left]
    unknown = strangers.stretches
    return drawn + [("stranger", str(k), strangers.items[i].path.name, f"{s:.3f}")
                    for k, i, s in zip(unknown.kind, unknown.item, unknown.seconds, strict=True)]
