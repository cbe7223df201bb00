"""`demo`: the main job, headless, on voices and sounds that the program makes itself."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated

import typer

from engine.cli.output import plain
from engine.cli.paths import destination, folder_to_write
from engine.errors import EarmarkError, UsageError
from engine.files import write_whole

MARK = ".made-by-demo"  # in a workspace that the demo may wipe


def add_to(root: typer.Typer) -> None:
    root.command("demo")(demo)


def demo(context: typer.Context, out: Annotated[Path, typer.Option(
             "--out", metavar="DIR", parser=destination, help="Where pictures and report go.")]) -> None:
    """Enroll, identify, index, search and project, with pictures of every page; fails when an answer is wrong."""
    from engine import demo as steps
    from engine.app import Earmark

    run = context.obj
    words = run.out
    folder_to_write(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EarmarkError(f"{out} cannot be made: {error.strerror or error}.") from error
    workspace = run.workspace or out / "demo-workspace"
    mark = workspace / MARK
    if workspace.exists() and not mark.exists():
        raise UsageError(f"{workspace} is there already and was not made by the demo, which forgets everything in its "
                         "workspace. Choose another folder.")
    app = Earmark(workspace, run.device)
    run.opened.append(app)
    mark.touch()
    app.forget_everything()  # what an earlier run left
    with words.progress("Demo") as ticket:
        report = steps.run(app, out, ticket)
    if run.pictures is not None:
        began = time.perf_counter()
        drawn = [str(p) for p in run.pictures(app, out / "pictures")]
        report["steps"].append({"name": "draw every page in both themes", "expected": "pictures", "got": drawn, "ok": bool(drawn),
                                "took_s": time.perf_counter() - began})
    report["ok"] = all(step["ok"] for step in report["steps"])
    try:
        write_whole(out / "report.json", json.dumps(plain(report), indent=1, ensure_ascii=False, allow_nan=False).encode("utf-8"))
    except OSError as error:
        raise EarmarkError(f"{out / 'report.json'} cannot be written: {error.strerror or error}.") from error
    words.document(report)
    for step in report["steps"]:
        words.say(f"{'ok   ' if step['ok'] else 'WRONG'} {step['name']}: {step['got']}"[:160])
    hard = report["centroid_similarity"]
    if hard["mean"] is not None:
        words.say(f"Similarity between the voices' centroids: mean {hard['mean']:.2f}, highest {hard['max']:.2f}.")
    words.say(f"{'All as expected.' if report['ok'] else 'Some answers are wrong.'} Report and pictures are in {out}.")
    words.exit_code = 0 if report["ok"] else 1
