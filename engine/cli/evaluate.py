"""`evaluate zero-shot`, `retrieval`, `classify`, `captions` and `speakers`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli.describing import Label, Labels, Template, chosen_labels
from engine.cli.output import Output
from engine.errors import UsageError

Data = Annotated[Path, typer.Option("--data", help="The folder of recordings.")]
Encoder = Annotated[str | None, typer.Option("--encoder", help="A text–audio encoder by name (default: the one in use).")]
Captions = Annotated[str, typer.Option("--captions", help="file (captions.json or captions.csv), names (of the files), or auto.")]
Seed = Annotated[int, typer.Option(min=0, help="Of everything that is drawn.")]


def add_to(root: typer.Typer) -> None:
    evaluate = typer.Typer(help="Measure the encoders on a folder of recordings.", no_args_is_help=True)
    evaluate.command("zero-shot")(zero_shot)
    evaluate.command("retrieval")(retrieval)
    evaluate.command("classify")(classify)
    evaluate.command("captions")(captions)
    evaluate.command("speakers")(speakers)
    root.add_typer(evaluate, name="evaluate")


def zero_shot(context: typer.Context, data: Data, seed: Seed = 7) -> None:
    """Zero-shot classification: one folder a class, or a labels.csv with filename,label."""
    from engine.evaluation import zero_shot as protocol

    out, app = context.obj.out, context.obj.app
    with out.progress("Listening") as ticket:
        found = protocol.evaluate(data, app.models.joint(), seed, ticket)
    for failure in found["failed"]:
        out.file_failed(Path(failure["file"]), failure["error"])
    out.document(found)
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


def speakers(context: typer.Context, data: Data, seed: Seed = 7) -> None:
    """Verification and identification: one folder a speaker."""
    from engine.evaluation import speakers as protocol

    out, app = context.obj.out, context.obj.app
    with out.progress("Listening") as ticket:
        found = protocol.evaluate(data, app.models.voice(), seed, ticket)
    for failure in found["failed"]:
        out.file_failed(Path(failure["file"]), failure["error"])
    out.document(found)
    out.say(f"{found['speakers']} speakers, {found['utterances']} utterances, {found['trials']['genuine']} genuine and "
            f"{found['trials']['impostor']} impostor trials, {found['x_real_time']:.0f} × real time")
    out.say(f"EER {found['eer'] * 100:.2f} % at {found['eer_threshold']:.3f}, minDCF {found['min_dcf']:.4f}")
    out.table(["Enrolled", "Back-end", "Top-1", "95 %", "Trials"],
              [[str(r["enroll"]), r["backend"], f"{r['top1'] * 100:.2f} %",
                "–".join(f"{x * 100:.2f}" for x in r["ci95"]) + " %", str(r["trials"])] for r in found["identification"]],
              right=(0, 2, 3, 4))
