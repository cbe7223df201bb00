"""The loop: resumed is as good as never stopped, the best is kept, a kill costs nothing that was saved."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from engine.errors import Cancelled, TrainingError
from engine.nets.heads import Projection
from engine.tasks import Progress, Ticket
from engine.training import checkpoints
from engine.training.batches import Shuffled
from engine.training.loop import Options, Trainer, adamw
from engine.training.losses.infonce import SymmetricInfoNCE
from engine.training.schedules import cosine
from engine.training.seeds import seeded


def trainer(evaluate: Callable[[nn.Module], float] | None = None, count: int = 64, seed: int = 3, out: int = 5,
            recipe: dict[str, Any] | None = None, **settings: Any) -> Trainer:
    """Two heads with dropout on noisy views, noise from the numpy generator: every kind of chance is in it."""
    with seeded(seed) as rng:
        views = [torch.tensor(rng.standard_normal((count, width)), dtype=torch.float32) for width in (8, 6)]
        model = nn.ModuleDict({"a": Projection(8, out, hidden=(16,), dropout=0.3), "b": Projection(6, out),
                               "loss": SymmetricInfoNCE()})

    def loss(rows: np.ndarray, rng: np.random.Generator) -> Tensor:
        a, b = views[0][rows], views[1][rows]
        noise = torch.tensor(rng.standard_normal(tuple(a.shape)), dtype=torch.float32)
        return model["loss"](model["a"](a + 0.1 * noise), model["b"](b))

    options = Options(**{"steps": 40, "seed": seed, "average": 0.9, "evaluate_every": 10, **settings})
    return Trainer(model, loss, Shuffled(count, 16, seed), options, optimiser=adamw(1e-2), schedule=cosine(40, 5),
                   evaluate=evaluate, recipe=recipe)


def steps(trainer: Trainer, count: int) -> None:
    records = trainer.run()
    for _ in range(count):
        next(records)


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.allclose(one[name], other[name], atol=1e-6, rtol=0) for name in one)


def norm(model: nn.Module) -> float:
    """A measure that is easy: how large the weights have grown."""
    return float(model["a"].mlp[0].weight.norm())


@pytest.mark.parametrize("stop", [1, 10, 17, 39])
def test_a_resumed_training_gives_the_same_weights(tmp_path: Path, stop: int) -> None:
    whole = trainer(norm)
    expected = [(r.step, r.loss, r.rate, r.measure, r.best) for r in whole.run()]
    stopped = trainer(norm)
    steps(stopped, stop)
    stopped.save(tmp_path)
    torch.rand(17)  # chance of others in between
    resumed = trainer(norm)
    resumed.resume(tmp_path)
    assert resumed.step == stop and resumed.seconds > 0
    got = [(r.step, r.loss, r.rate, r.measure, r.best) for r in resumed.run()]
    assert [g[0] for g in got] == list(range(stop + 1, 41))
    np.testing.assert_allclose([g[1] for g in got], [e[1] for e in expected[stop:]], atol=1e-6)
    assert [g[2:] for g in got] == [e[2:] for e in expected[stop:]]
    assert same(resumed.model.state_dict(), whole.model.state_dict())
    assert same(resumed.weights(), whole.weights())
    assert (resumed.best_step, resumed.best_measure) == (whole.best_step, whole.best_measure)


def test_without_the_checkpoint_it_would_not_be_the_same() -> None:
    """The comparison above can fail: another seed of the same training ends elsewhere."""
    one, other = trainer(), trainer()
    list(one.run())
    other._randomness.rng.random()  # one draw more
    list(other.run())
    assert not same(one.model.state_dict(), other.model.state_dict())


def test_training_repeats_and_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    one, other = trainer(), trainer()
    list(one.run())
    assert torch.equal(torch.rand(3), expected)
    list(other.run())
    assert all(torch.equal(one.model.state_dict()[n], t) for n, t in other.model.state_dict().items())


def test_an_evaluation_changes_nothing() -> None:
    def evaluate(model: nn.Module) -> float:
        assert not model.training and not torch.is_grad_enabled()
        torch.rand(5)
        return 0.0

    one, other = trainer(evaluate), trainer()
    list(one.run())
    list(other.run())
    assert same(one.model.state_dict(), other.model.state_dict())


@pytest.mark.parametrize("average", [None, 0.9])
def test_the_best_weights_are_kept(average: float | None) -> None:
    measures, seen = iter([0.1, 0.5, 0.3, 0.4]), []

    def evaluate(model: nn.Module) -> float:
        seen.append({name: tensor.clone() for name, tensor in model.state_dict().items()})
        return next(measures)

    training = trainer(evaluate, average=average)
    records = [record for record in training.run() if record.measure is not None]
    assert [(r.step, r.measure) for r in records] == [(10, 0.1), (20, 0.5), (30, 0.3), (40, 0.4)]
    assert [r.best for r in records] == [True, True, False, False]
    assert training.best_step == 20 and same(training.weights(), seen[1])
    assert not same(training.weights(), training.model.state_dict())


def test_patience_ends_it_and_nan_is_never_the_best() -> None:
    measures = iter([0.5, float("nan"), 0.4])
    training = trainer(lambda model: next(measures), patience=2)
    assert len(list(training.run())) == 30
    assert training.finished and training.best_step == 10
    assert list(training.run()) == []


def test_the_average_lags_behind_and_is_what_is_handed_out() -> None:
    training = trainer()
    start = training.weights()
    list(training.run())
    name = "a.mlp.0.weight"
    averaged, last = training.weights()[name], training.model.state_dict()[name]
    assert 0 < (averaged - start[name]).norm() < (last - start[name]).norm()
    assert same(trainer(average=None).weights(), start)


def test_rates_follow_the_schedule_and_gradients_are_clipped() -> None:
    """With a bound of nearly nothing SGD does not move."""
    model = nn.Linear(3, 1)
    before = model.weight.detach().clone()
    training = Trainer(model, lambda rows, rng: model(torch.ones(1, 3)).square().sum() * 1e6, Shuffled(4, 2),
                       Options(3, clip=1e-9),
                       optimiser=lambda m: torch.optim.SGD(m.parameters(), lr=0.1), schedule=lambda step: 1 / (step + 1))
    records = list(training.run())
    assert [r.rate for r in records] == pytest.approx([0.1, 0.05, 0.1 / 3])
    assert records[0].gradient_norm > 1
    torch.testing.assert_close(model.weight.detach(), before, atol=1e-8, rtol=0)


def test_only_matrices_decay() -> None:
    groups = adamw(0.1, weight_decay=0.5)(trainer().model).param_groups
    assert {(p.ndim >= 2, g["weight_decay"]) for g in groups for p in g["params"]} == {(True, 0.5), (False, 0.0)}


def test_cancelling_keeps_a_checkpoint(tmp_path: Path) -> None:
    told: list[Progress] = []
    ticket = Ticket(told.append)
    training = trainer()
    with pytest.raises(Cancelled):
        for record in training.run(ticket, tmp_path):
            if record.step == 7:
                ticket.cancel()
    assert [p.done for p in told] == list(range(7)) and told[0].total == 40
    resumed, whole = trainer(), trainer()
    resumed.resume(tmp_path)
    assert resumed.step == 7
    list(resumed.run())
    list(whole.run())
    assert same(resumed.model.state_dict(), whole.model.state_dict())


def test_a_loss_that_is_no_number_stops_it_before_the_weights_are_spoiled() -> None:
    model = nn.Linear(3, 1)
    training = Trainer(model, lambda rows, rng: model(torch.full((1, 3), torch.nan)).sum(), Shuffled(4, 2), Options(3))
    with pytest.raises(TrainingError, match="lower rate"):
        list(training.run())
    assert bool(model.weight.isfinite().all())


def test_a_checkpoint_of_another_training_is_refused(tmp_path: Path) -> None:
    training = trainer(recipe={"features": ["mean", "max"], "hidden": (3, 4)})
    steps(training, 3)
    training.save(tmp_path)
    trainer(recipe={"features": ["mean", "max"], "hidden": (3, 4)}).resume(tmp_path)
    for other, why in ((trainer(), "features"), (trainer(seed=4, recipe={"features": ["mean", "max"], "hidden": (3, 4)}), "seed"),
                       (trainer(out=6, recipe={"features": ["mean", "max"], "hidden": (3, 4)}), "shape"),
                       (trainer(average=None, recipe={"features": ["mean", "max"], "hidden": (3, 4)}), "shape"),
                       (trainer(steps=41, recipe={"features": ["mean", "max"], "hidden": (3, 4)}), "steps")):
        before = other.weights()
        with pytest.raises(TrainingError, match=why):
            other.resume(tmp_path)
        assert other.step == 0 and same(other.weights(), before)


def test_checkpoints_that_are_missing_damaged_or_not_ours(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no checkpoint"):
        trainer().resume(tmp_path)
    training = trainer()
    steps(training, 2)
    path = training.save(tmp_path)
    assert checkpoints.exists(tmp_path) and b"pickle" not in path.read_bytes()
    whole = path.read_bytes()
    from safetensors.torch import save_file

    for content in (whole[:-40], whole[:9], b"", b"no safetensors at all"):
        path.write_bytes(content)
        with pytest.raises(TrainingError, match="damaged"):
            trainer().resume(tmp_path)
    save_file({"x": torch.zeros(2)}, path)
    with pytest.raises(TrainingError, match="not a checkpoint"):
        trainer().resume(tmp_path)


@pytest.mark.parametrize("facts", ["[]", "7", "null", "{", "[" * 100_000])
def test_facts_of_a_checkpoint_are_not_believed(tmp_path: Path, facts: str) -> None:
    save_file({"a": torch.zeros(1)}, tmp_path / checkpoints.NAME, metadata={"earmark": facts})
    with pytest.raises(TrainingError, match="not a checkpoint"):
        checkpoints.read(tmp_path)


def test_what_cannot_be_written_leaves_the_last_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    training = trainer()
    steps(training, 2)
    training.save(tmp_path)
    steps(training, 2)

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(TrainingError, match="No space left"):
        training.save(tmp_path)
    monkeypatch.undo()
    resumed = trainer()
    resumed.resume(tmp_path)
    assert resumed.step == 2
    file = tmp_path / "a file"
    file.write_text("")
    with pytest.raises(TrainingError, match="choose another folder"):
        training.save(file)


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.engine.training.test_loop import steps, trainer

folder, moment = Path(sys.argv[1]), sys.argv[2]
training = trainer()
steps(training, 3)
training.save(folder)
steps(training, 2)

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def half(handle):
    os.ftruncate(handle, os.fstat(handle).st_size // 2)
    die()

os.fsync = half if moment == "half written" else die
training.save(folder)
print("still alive")
"""


@pytest.mark.parametrize("moment", ["half written", "before the rename"])
def test_a_kill_in_the_middle_of_saving_leaves_the_last_whole_checkpoint(tmp_path: Path, moment: str) -> None:
    root = Path(__file__).resolve().parents[3]
    program = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), moment], cwd=root, capture_output=True, text=True,
                             timeout=120, check=False)
    assert program.returncode == -signal.SIGKILL, program.stderr
    assert len(list(tmp_path.iterdir())) == 2  # the checkpoint and what was being written
    resumed, whole = trainer(), trainer()
    resumed.resume(tmp_path)
    assert resumed.step == 3
    steps(whole, 3)
    assert same(resumed.model.state_dict(), whole.model.state_dict())
    resumed.save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [checkpoints.NAME]
