"""`evaluate zero-shot` and `evaluate speakers`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[Path, typer.Option("--data", help="The folder of recordings.")]
Seed = Annotated[int, typer.Option(min=0, help="Of everything that is drawn.")]


def add_to(root: typer.Typer) -> None:
    evaluate = typer.Typer(help="Measure the encoders on a folder of recordings.", no_args_is_help=True)
    evaluate.command("zero-shot")(zero_shot)
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
