"""`evaluate zero-shot`, `retrieval`, `classify`, `captions`, `speakers` and `diarization`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.describing import Label, Labels, Template, chosen_labels
from engine.cli.output import Output
from engine.cli.paths import destination, file_to_write, given
from engine.errors import UsageError

if TYPE_CHECKING:
    from engine.records import Sample, Voice
    from engine.voices.identification import Identifier

Data = Annotated[Path, typer.Option("--data", metavar="DIR", parser=given, help="The folder of recordings.")]
Encoder = Annotated[str | None, typer.Option("--encoder", help="A text–audio encoder by name (default: the one in use).")]
VoiceEncoderName = Annotated[str | None, typer.Option("--encoder", metavar="NAME",
                                                      help="A voice encoder by name (default: the one in use).")]
Captions = Annotated[str, typer.Option("--captions", help="file (captions.json or captions.csv), names (of the files), or auto.")]
Seed = Annotated[int, typer.Option(min=0, help="Of everything that is drawn.")]


def add_to(root: typer.Typer) -> None:
    evaluate = typer.Typer(help="Measure the encoders on a folder of recordings.", no_args_is_help=True)
    evaluate.command("zero-shot")(zero_shot)
    evaluate.command("retrieval")(retrieval)
    evaluate.command("classify")(classify)
    evaluate.command("captions")(captions)
    evaluate.command("speakers")(speakers)
    evaluate.command("diarization")(diarization)
    root.add_typer(evaluate, name="evaluate")


def zero_shot(context: typer.Context, data: Data, encoder: Encoder = None, seed: Seed = 7) -> None:
    """Zero-shot classification: one folder a class, or a labels.csv with filename,label."""
    from engine.evaluation import zero_shot as protocol

    out = context.obj.out
    with out.progress("Listening") as ticket:
        found = protocol.evaluate(data, _joint(context, encoder), seed, ticket)
    _report(out, found)
    out.say(f"{found['n']} sounds, {len(found['classes'])} classes, {found['encoder']['name']} {found['encoder']['version']}, "
            f"prompt “{found['template']}”")
    rows = [[name, f"{found[name]:.3f}", "–".join(f"{x:.3f}" for x in found["ci95"][name])]
            for name in ("top1", "f1_macro", "mrr", "map", "precision_at_10", "recall_at_10")]
    out.table(["Measure", "Value", "95 %"], [*rows, ["median_rank", f"{found['median_rank']:g}", ""]], right=(1, 2))


def retrieval(context: typer.Context, data: Data, captions: Captions = "auto", encoder: Encoder = None, seed: Seed = 7) -> None:
    """Captions find sounds and sounds find captions: a captions.json or captions.csv with file,caption, or file names."""
    from engine.evaluation import retrieval as protocol

    out = context.obj.out
    source = _source(captions)
    with out.progress("Listening") as ticket:
        found = protocol.evaluate(data, _joint(context, encoder), seed, source, ticket)
    _report(out, found)
    pool = found["pool"]
    out.say(f"{pool['sounds']} sounds, {pool['captions']} captions, {found['encoder']['name']} {found['encoder']['version']}")
    rows = []
    for name in found["text_to_audio"]["ci95"]:
        cells = [name]
        for way in protocol.DIRECTIONS:
            cells += [f"{found[way][name]:.3f}", _range(found[way]["ci95"][name])]
        rows.append(cells)
    out.table(["Measure", "Text → audio", "95 %", "Audio → text", "95 %"], rows, right=(1, 2, 3, 4))


def classify(context: typer.Context, data: Data, label: Label = None, labels: Labels = None, template: Template = "{label}",
             encoder: Encoder = None, seed: Seed = 7) -> None:
    """Zero-shot classification with labels and a template of your own: one folder a class, or a labels.csv."""
    from engine.describing.captions import CaptionBank, default_captions
    from engine.evaluation import classify as protocol

    out = context.obj.out
    chosen = chosen_labels(context, label, labels) if label or labels else None
    model = _joint(context, encoder)
    with out.progress("Listening") as ticket:
        background = CaptionBank(model, default_captions(), context.obj.app.describing.cache).vectors
        found = protocol.evaluate(data, model, chosen, template, seed, background, ticket)
    _report(out, found)
    out.say(f"{found['n']} sounds, {found['labels']} labels, {found['encoder']['name']} {found['encoder']['version']}, "
            f"prompt “{found['template']}”; of {found['none_fits']:.1%} none was said to fit")
    out.table(["Measure", "Value", "95 %"], [[n, f"{found[n]:.3f}", _range(ci)] for n, ci in found["ci95"].items()], right=(1, 2))
    out.table(["Label", "Precision", "Recall", "F1", "Sounds"],
              [[c["label"], f"{c['precision']:.3f}", f"{c['recall']:.3f}", f"{c['f1']:.3f}", str(c["n"])]
               for c in found["by_class"]], right=(1, 2, 3, 4))


def captions(context: typer.Context, data: Data, captions: Captions = "auto", encoder: Encoder = None, seed: Seed = 7) -> None:
    """Captioning by retrieval: how near captions of other sounds come to a sound's own, judged by the text encoder."""
    from engine.evaluation import captioning as protocol

    out, app = context.obj.out, context.obj.app
    source = _source(captions)
    with out.progress("Listening") as ticket:
        found = protocol.evaluate(data, _joint(context, encoder), app.models.text().embed, seed, source, ticket)
    _report(out, found)
    out.say(f"{found['n']} sounds, {found['captions']} captions, {found['encoder']['name']} {found['encoder']['version']}")
    out.table(["Cosine to the sound's own captions", "Mean", "95 %"],
              [[n, f"{found[n]:.3f}", _range(ci)] for n, ci in found["ci95"].items()], right=(1, 2))


def _joint(context: typer.Context, name: str | None) -> Any:
    models = context.obj.app.models
    return models.joint_named(name) if name else models.joint()


def _source(captions: str) -> Any:
    if captions not in ("auto", "file", "names"):
        raise UsageError(f"--captions is auto, file or names, not “{captions}”.")
    return captions


def _report(out: Output, found: dict[str, Any]) -> None:
    for failure in found["failed"]:
        out.file_failed(Path(failure["file"]), failure["error"])
    out.document(found)


def _range(interval: list[float]) -> str:
    return "–".join(f"{x:.3f}" for x in interval)


def speakers(context: typer.Context, data: Data, seed: Seed = 7,
             strangers: Annotated[Path | None, typer.Option(
                 "--strangers", metavar="DIR", parser=given, help="People who are not enrolled, for the open set: a folder a "
                                                                  "speaker, or files named speaker-….")] = None,
             backend: Annotated[list[str] | None, typer.Option("--backend", help="Only this one (repeatable).")] = None,
             lists: Annotated[Path | None, typer.Option(
                 "--lists", metavar="FILE", parser=destination, help="Write the drawn test lists to this CSV.")] = None,
             in_turn: Annotated[bool, typer.Option(
                 "--in-turn", help="Open set without other people: each speaker is the stranger once.")] = False,
             enroll: Annotated[int, typer.Option(min=1, help="Utterances a speaker that the open set enrolls.")] = 3,
             encoder: VoiceEncoderName = None,
             channel: Annotated[str, typer.Option(
                 "--channel", help="What recordings come through: none, random (another room, microphone and codec each), "
                                   "telephone or telephone-a-law (who asks, not who is enrolled).")] = "none") -> None:
    """Verification, identification and, with --strangers or --in-turn, the open set: one folder a speaker."""
    from engine.evaluation import speakers as protocol

    out, app = context.obj.out, context.obj.app
    if strangers is not None and in_turn:
        raise UsageError("--strangers and --in-turn each say who the strangers are: give one of them.")
    if lists is not None and strangers is None and not in_turn:
        raise UsageError("--lists needs --strangers or --in-turn: the lists are those of the open set.")
    model = app.models.voice_named(encoder or app.settings.value.voice)
    if lists is not None:
        out.make_way(file_to_write(lists, (".csv", ".txt")))
    with out.progress("Listening") as ticket:
        found = protocol.evaluate(data, model, seed, ticket, strangers, backend or (), lists, channel, in_turn, enroll,
                                  app.models.speech())
    for failure in found["failed"]:
        out.file_failed(Path(failure["file"]), failure["error"])
    out.document(found)
    out.say(f"{found['speakers']} speakers, {found['utterances']} utterances, {found['trials']['genuine']} genuine and "
            f"{found['trials']['impostor']} impostor trials, {found['x_real_time']:.0f} × real time")
    if quiet := found["too_little_speech"]:
        out.say(f"{len(quiet)} more hold too little speech to name anybody by and are left out")
    out.say(f"EER {found['eer'] * 100:.2f} % at {found['eer_threshold']:.3f}, minDCF {found['min_dcf']:.4f}")
    if found["s_norm"]:
        out.say(f"with s-norm: EER {found['s_norm']['eer'] * 100:.2f} %, minDCF {found['s_norm']['min_dcf']:.4f}")
    else:
        out.note("There are no cohort statistics for this encoder: back-ends that need a background are left out.")
    out.table(["Enrolled", "Back-end", "Top-1", "95 %", "Trials"],
              [[str(r["enroll"]), r["backend"], f"{r['top1'] * 100:.2f} %", _percents(r["ci95"]), str(r["trials"])]
               for r in found["identification"]], right=(0, 2, 3, 4))
    if found["open_set_lists"]:
        about = found["open_set_lists"]
        out.note(f"Open set, seed {about['seed']}: {about['enroll']} utterances enrolled, {about['draws']} draws, "
                 f"{about['strangers']} strangers{', one at a time' if about['in_turn'] else ''} "
                 f"({about['left_out']} recordings left out, which the cohort is made of), "
                 f"{', '.join(f'{n} stretches of {k}' for k, n in about['stranger_crops'].items())}; "
                 f"lists sha256 {about['sha256'][:16]}")
        out.table(["Back-end", "Length", "Right", "95 %", "False accepts", "95 %", "FAR at 1 % FRR", "at 5 %", "EER", "Cllr"],
                  [[r["backend"], "whole" if r["length_s"] is None else f"{r['length_s']:g} s", _percent(r["right"]),
                    _percents(r["ci95"]["right"]) if r["ci95"] else "–", _percent(r["false_accept"]),
                    _percents(r["ci95"]["false_accept"]) if r["ci95"] else "–", _percent(r["far_at_frr_01"]),
                    _percent(r["far_at_frr_05"]), _percent(r["eer"]), "–" if r["cllr"] is None else f"{r['cllr']:.3f}"]
                   for r in found["open_set"]], right=tuple(range(1, 10)))


def diarization(context: typer.Context, data: Data, seed: Seed = 7,
                mixtures: Annotated[int, typer.Option(min=2, help="How many are made; not for recordings.")] = 20,
                encoder: VoiceEncoderName = None) -> None:
    """Who spoke when: on recordings with .rttm files, or on made mixtures where there is one folder a speaker.

    Needs pyannote.metrics.
    """
    from engine.evaluation import diarization as protocol
    from engine.evaluation import diarization_recordings as recordings
    from engine.voices.choice import choose
    from engine.voices.cohort import shipped
    from engine.voices.identification import Identifier, margin_unit_of

    out, app = context.obj.out, context.obj.app
    real = recordings.has_references(data)
    settings = app.settings.value
    model = app.models.voice_named(encoder or settings.voice)
    method = choose(settings.backend, shipped(model.spec))
    margin = settings.margin_in(margin_unit_of(method, settings.measure))

    def identifier(voices: Sequence[Voice], samples: Sequence[Sample]) -> Identifier:
        return Identifier(voices, samples, settings.threshold, margin, settings.measure, method)

    with out.progress("Listening") as ticket:
        ears = model, app.models.speech(), app.models.turns()
        found = (recordings.evaluate(data, *ears, identifier, seed, ticket) if real
                 else protocol.evaluate(data, *ears, identifier, seed, mixtures, ticket))
    _report(out, found)
    (_recordings if real else _mixtures)(out, found)


def _recordings(out: Output, found: dict[str, Any]) -> None:
    out.table(["Recording", "Length", "People", "Found", "Error", "Missed", "False alarm", "Confusion"],
              [[Path(r["file"]).name, f"{r['duration_s']:.0f} s", str(r["people"]), str(r["people_found"]),
                *(_share(seconds, r["speech_s"]) for seconds in
                  (r["missed"] + r["false_alarm"] + r["confusion"], r["missed"], r["false_alarm"], r["confusion"]))]
               for r in found["recordings"]], right=tuple(range(1, 8)))
    out.say(f"{found['files']} recordings, {found['audio_s']:.0f} s, {found['x_real_time']:.0f} × real time; "
            f"the number of people is off by {found['people_error']:.2f} on average")
    out.table(["Left out", "DER", "95 %", "Missed", "False alarm", "Confusion"],
              [["±0.25 s around each boundary, overlap", _percent(found["der_collar_no_overlap"]),
                _percents(found["ci95"]["der_collar_no_overlap"]), "", "", ""],
               ["nothing", _percent(found["der"]), _percents(found["ci95"]["der"]), _percent(found["missed"]),
                _percent(found["false_alarm"]), _percent(found["confusion"])]], right=tuple(range(1, 6)))


def _mixtures(out: Output, found: dict[str, Any]) -> None:
    for made in found["mixtures"]:
        out.note(f"mixture {made['number']}: {made['duration_s']:.0f} s, {made['overlap_s']:.1f} s of overlap: "
                 + ", ".join(f"{t['speaker']} {t['start_s']:.1f}–{t['end_s']:.1f}" for t in made["turns"]))
    out.say(f"{len(found['mixtures'])} mixtures of {found['speakers']} speakers, seed {found['seed']}, "
            f"{found['audio_s']:.0f} s, {found['x_real_time']:.0f} × real time")
    out.table(["Enrolled", "Left out", "DER", "95 %", "Missed", "False alarm", "Confusion", "Names too"],
              [[r["enrolled"], f"±{r['collar_s']:g} s around each boundary, overlap" if r["skip_overlap"] else "nothing",
                _percent(r["der"]), _percents(r["ci95"]["der"]), _percent(r["missed"]), _percent(r["false_alarm"]),
                _percent(r["confusion"]), _percent(r["named_error"])] for r in found["results"]], right=tuple(range(2, 8)))


def _share(seconds: float, of_s: float) -> str:
    return _percent(seconds / of_s) if of_s else f"{seconds:.1f} s"


def _percent(rate: float | None) -> str:
    return "–" if rate is None else f"{rate * 100:.2f} %"


def _percents(interval: list[float]) -> str:
    return "–".join(f"{x * 100:.2f}" for x in interval) + " %"
