"""`classify` and `describe`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli.output import clock, file_name
from engine.cli.paths import given
from engine.errors import AudioError, ShapeError, UsageError

Files = Annotated[list[Path], typer.Argument(metavar="FILE…", parser=given, help="Sound files.")]
K = Annotated[int, typer.Option("-k", min=1, help="How many of the nearest.")]
Label = Annotated[list[str] | None, typer.Option("--label", help="A label; repeat it for each.")]
Labels = Annotated[str | None, typer.Option("--labels", help="audioset, ucs, or a .txt, .csv, .tsv or .json file of labels.")]
Template = Annotated[str, typer.Option(help="What the text encoder is given; {label} stands in it once.")]


def add_to(root: typer.Typer) -> None:
    root.command("classify")(classify)
    root.command("describe")(describe)


def classify(context: typer.Context, files: Files, label: Label = None, labels: Labels = None, template: Template = "{label}",
             k: K = 3) -> None:
    """Say which of your labels each file is nearest to, or that none fits."""
    out, service = context.obj.out, context.obj.app.describing
    chosen = chosen_labels(context, label, labels)
    service.matcher(chosen, template)
    documents: list[dict[str, Any]] = []
    for path in files:
        try:
            found = service.classify(path, chosen, template, k)
        except (AudioError, ShapeError) as error:
            documents.append(out.file_failed(path, getattr(error, "reason", str(error))))
            continue
        ranking = found.ranking
        documents.append({
            "file": file_name(path), "labels": [
                {"label": r.label, "similarity": r.similarity, "probability": r.probability,
                 "start_s": found.spans[r.span].start_s, "end_s": found.spans[r.span].end_s} for r in ranking.best],
            "none_fits": not ranking.fits, "nearer": ranking.nearer, "template": template})
        out.say(f"{path.name}: {'none of the labels fits; nearest would be:' if not ranking.fits else ranking.best[0].label}")
        out.table(["Similarity", "Probability", "Label"],
                  [[f"{r.similarity:.3f}", f"{r.probability:.2f}", r.label] for r in ranking.best], right=(0, 1))
    out.document(documents[0] if len(files) == 1 else documents)


def describe(context: typer.Context, files: Files, k: K = 5,
             captions: Annotated[Path | None, typer.Option(
                 metavar="FILE", parser=given,
                 help="Captions to choose from, .txt, .csv or .json (default: those that come with Earmark).")] = None) -> None:
    """Say in words what each file sounds like: the nearest captions, and what is heard."""
    out, service = context.obj.out, context.obj.app.describing
    service.bank(captions)
    documents: list[dict[str, Any]] = []
    for path in files:
        try:
            found = service.describe(path, k, captions)
        except (AudioError, ShapeError) as error:
            documents.append(out.file_failed(path, getattr(error, "reason", str(error))))
            continue
        documents.append({
            "file": file_name(path), "duration_s": found.duration_s, "captions": [
                {"caption": c.caption, "similarity": c.similarity, "start_s": found.spans[c.span].start_s,
                 "end_s": found.spans[c.span].end_s} for c in found.captions],
            "tags": [{"tag": t.name, "probability": t.probability} for t in found.tags]})
        heard = ", ".join(f"{t.name} {t.probability:.2f}" for t in found.tags)
        out.say(f"{path.name}, {clock(found.duration_s)}" + (f"; heard: {heard}" if heard else ""))
        said = [(c, found.spans[c.span]) for c in found.captions]
        out.table(["Similarity", "Span", "Caption"],
                  [[f"{c.similarity:.3f}", f"{clock(at.start_s)} – {clock(at.end_s)}", c.caption] for c, at in said], right=(0,))
    out.document(documents[0] if len(files) == 1 else documents)


def chosen_labels(context: typer.Context, label: list[str] | None, labels: str | None) -> Any:
    """The list that --label or --labels name. Raises UsageError where it is both or neither."""
    from engine.describing.lists import TagList

    if bool(label) == bool(labels):
        raise UsageError("Name the labels, either with --label (repeated) or with --labels audioset, ucs or a file.")
    return TagList.of(label) if label else context.obj.app.describing.labels(labels)
