"""`train joint` and `train voice`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.output import clock
from engine.cli.paths import destination, folder_to_write, given

SAY_EVERY = 100  # steps


def add_to(root: typer.Typer) -> None:
    train = typer.Typer(help="Train what Earmark ships.", no_args_is_help=True)
    train.command("joint")(joint)
    train.command("voice")(voice)
    root.add_typer(train, name="train")


def joint(context: typer.Context,
          data: Annotated[Path, typer.Option(
              "--data", metavar="DIR", parser=given, help="A folder with sounds/ and captions/.")],
          out: Annotated[Path, typer.Option(
              "--out", metavar="DIR", parser=destination, help="Where heads, model card and what was computed go.")],
          seed: Annotated[int, typer.Option(min=0, help="Of everything that is drawn.")] = 7,
          resume: Annotated[bool, typer.Option("--resume", help="Go on with a training that was stopped.")] = False,
          ablation: Annotated[bool, typer.Option("--ablation", help="Measure every choice too (long).")] = False) -> None:
    """Train the heads of the text–audio space `compact`, measure them, and write their model card."""
    from engine.training.joint import run

    output, app = context.obj.out, context.obj.app
    folder_to_write(out)
    with output.progress("Training") as ticket:
        for record in run.train(data, out, app.models.sound(), app.models.text(), run.with_seed(seed), resume, ablation, ticket):
            output.document(record)
            if record.get("step", -1) % SAY_EVERY == 0:
                output.say(f"{record['stage']}: step {record['step']} of {record['steps']}, loss {record['loss']:.4f}")
            if record["stage"] == "done":
                output.say(f"Done in {clock(record['seconds'])}: {', '.join(record['files'])}")


def voice(context: typer.Context,
          data: Annotated[Path, typer.Option(
              "--data", metavar="DIR", parser=given, help="Strangers: a folder a speaker, or files named speaker-….")],
          out: Annotated[Path, typer.Option(
              "--out", metavar="DIR", parser=destination, help="Where the statistics and their card go.")],
          seed: Annotated[int, typer.Option(min=0, help="Of everything that is drawn.")] = 7,
          also: Annotated[Path | None, typer.Option(
              "--also", metavar="DIR", parser=given, help="A folder a speaker, several recordings each: helps to set thresholds, "
                                                          "is in no statistics.")] = None,
          share: Annotated[float, typer.Option(help="Of the speakers; the others are kept for tests.")] = 0.5,
          encoder: Annotated[str | None, typer.Option(
              "--encoder", metavar="NAME", help="A voice encoder by name (default: the one in use).")] = None,
          axes: Annotated[int, typer.Option(
              "--axes-between", min=0, max=64, help="Axes between people that are kept: the fewer, the less can be told of who "
                                                    "was among them.")] = 4,
          within: Annotated[int, typer.Option("--axes-within", min=0, max=64, help="Axes of one person's samples.")] = 16,
          channel: Annotated[int, typer.Option(
              "--axes-channel", min=0, max=64, help="Axes along which channels move vectors; nothing there counts.")] = 5,
          weight: Annotated[float, typer.Option(
              min=1, help="How many samples of enrolled voices the spread of strangers' samples counts for.")] = 50,
          shrinkage: Annotated[float, typer.Option(min=0, max=1, help="Of that spread, towards a sphere.")] = 0.5,
          z_norm: Annotated[bool, typer.Option(
              "--z-norm", help="Judge each voice by what drawn strangers reach with it.")] = False,
          false_accepts: Annotated[float, typer.Option(
              "--false-accepts", metavar="P", help="The share of strangers that a threshold lets in.")] = 0.02,
          plain: Annotated[bool, typer.Option(
              "--plain", help="Set thresholds by strangers without a channel alone.")] = False) -> None:
    """Make the statistics of strangers that back-ends need, for a voice encoder; files are named after it."""
    from engine.training.voice import run
    from engine.training.voice.calibrating import Rule
    from engine.training.voice.statistics import Shape

    output, app = context.obj.out, context.obj.app
    name = encoder or app.settings.value.voice
    model = app.models.voice_named(name)
    folder_to_write(out)
    shape = Shape(within, axes, channel, weight, shrinkage, z_norm)
    with output.progress("Embedding") as ticket:
        for record in run.train(data, out, model, name, seed, also, share, shape, ticket, Rule(false_accepts, plain)):
            output.document(record)
            if record["stage"] == "backend":
                output.say(f"{record['backend']}: EER {record['eer'] * 100:.2f} %, Cllr {record['cllr']:.3f}, "
                           f"threshold {record['threshold']:.3f}")
            if record["stage"] == "done":
                output.say(f"Done in {clock(record['seconds'])}: {', '.join(record['files'])}")
