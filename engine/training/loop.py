"""The loop that trains: batch → loss → gradient → step, with seeds, evaluation, early stopping and resume.

    batches ── indices ─┐
                        ├─ loss(indices, rng) ─ backward ─ clip ─ optimiser × schedule ─ average ─ evaluate ─ Record
    rng (dropout too) ──┘

A training that is resumed from a checkpoint gives the same weights as one that was never stopped, on the same machine with the
same number of threads: the checkpoint holds the weights, the optimiser's moments, the place in the batches and all chance.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.errors import Cancelled, TrainingError
from engine.tasks import Ticket
from engine.training import checkpoints
from engine.training.averages import Average, snapshot
from engine.training.schedules import Schedule, constant
from engine.training.seeds import Randomness

Indices = NDArray[np.int64]
Loss = Callable[[Indices, np.random.Generator], Tensor]
OptimiserFactory = Callable[[nn.Module], torch.optim.Optimizer]


class Batches(Protocol):
    """Hands out rows of the training data without end. `len` is batches an epoch; the state is ready for JSON."""

    def __len__(self) -> int: ...
    def next(self) -> Indices: ...
    def state(self) -> dict[str, Any]: ...
    def restore(self, state: Mapping[str, Any]) -> None: ...


@dataclass(frozen=True)
class Record:
    """What one step did. rate: the schedule's factor × the first group's rate. seconds: of training so far, over resumes.

    measure: what the evaluation gave (higher is better), where one was due. best: whether it was the best so far.
    """

    step: int  # steps done, from 1
    steps: int
    loss: float
    rate: float
    gradient_norm: float  # before clipping
    seconds: float
    measure: float | None = None
    best: bool = False


@dataclass(frozen=True)
class Options:
    """How long, and how carefully.

    clip: bound of the gradient's norm (None: none). average: decay of a moving average of the weights, which is then what is
    evaluated and handed out. evaluate_every: steps. patience: evaluations without a better one before stopping.
    save_every: steps between checkpoints, where `run` is given a folder.
    """

    steps: int
    seed: int = 0
    clip: float | None = 1.0
    average: float | None = None
    evaluate_every: int = 100
    patience: int | None = None
    save_every: int = 200


def adamw(rate: float = 1e-3, weight_decay: float = 0.01, betas: tuple[float, float] = (0.9, 0.999)) -> OptimiserFactory:
    """AdamW (Loshchilov & Hutter 2019, arXiv 1711.05101). Biases, norms and temperatures (tensors below 2-D) do not decay."""
    def make(model: nn.Module) -> torch.optim.Optimizer:
        learned = [p for p in model.parameters() if p.requires_grad]
        groups = [{"params": [p for p in learned if p.ndim >= 2], "weight_decay": weight_decay},
                  {"params": [p for p in learned if p.ndim < 2], "weight_decay": 0.0}]
        return torch.optim.AdamW([g for g in groups if g["params"]], lr=rate, betas=betas)

    return make


class Trainer:
    """Trains `model` in place, where its parameters are.

    model: everything that is learned; a loss with parameters belongs into it (nn.ModuleDict). loss: indices and a generator
    for augmentation → scalar. evaluate: called with the model in evaluation mode without gradients; higher is better.
    recipe: facts (ready for JSON) that a checkpoint must share with this training to be resumed.
    """

    def __init__(self, model: nn.Module, loss: Loss, batches: Batches, options: Options, *,
                 optimiser: OptimiserFactory | None = None, schedule: Schedule | None = None,
                 evaluate: Callable[[nn.Module], float] | None = None, recipe: Mapping[str, Any] | None = None) -> None:
        self.model, self.options = model, options
        self.step, self.seconds = 0, 0.0
        self.best_step: int | None = None
        self.best_measure: float | None = None
        self._loss, self._batches, self._evaluate = loss, batches, evaluate
        self._optimiser = (optimiser or adamw())(model)
        self._rates = [group["lr"] for group in self._optimiser.param_groups]
        self._schedule = schedule or constant()
        self._average = None if options.average is None else Average(model, options.average)
        self._best: dict[str, Tensor] | None = None
        self._randomness = Randomness(options.seed)
        self._without_better = 0
        self._recipe = {"seed": options.seed, "steps": options.steps, **(recipe or {})}

    @property
    def finished(self) -> bool:
        """All steps are done, or patience ran out."""
        patience = self.options.patience
        return self.step >= self.options.steps or (patience is not None and self._without_better >= patience)

    def weights(self) -> dict[str, Tensor]:
        """The state dict to keep: the best evaluated one; without evaluation the average, or the last."""
        if self._best is None and self._average is None:
            return snapshot(self.model)
        kept = self._best if self._best is not None else self._average.weights  # type: ignore[union-attr]
        return {name: tensor.clone() for name, tensor in kept.items()}

    def run(self, ticket: Ticket | None = None, folder: Path | None = None) -> Iterator[Record]:
        """Train until finished, one Record a step. With a folder, checkpoints are kept there, also when cancelled.

        Raises Cancelled, and TrainingError where the loss is no longer a number.
        """
        ticket = ticket or Ticket()
        while not self.finished:
            try:
                ticket.report(self.step, self.options.steps, "Training", "steps",
                              self.step / self.seconds if self.seconds else None)
            except Cancelled:
                if folder is not None and self.step:
                    self.save(folder)
                raise
            record = self._advance()
            if folder is not None and (self.finished or self.step % self.options.save_every == 0):
                self.save(folder)
            yield record

    def _advance(self) -> Record:
        began = time.monotonic()
        factor = self._schedule(self.step)
        for group, rate in zip(self._optimiser.param_groups, self._rates, strict=True):
            group["lr"] = rate * factor
        self.model.train()
        with self._randomness.drawing() as rng:
            loss = self._loss(self._batches.next(), rng)
            self._optimiser.zero_grad(set_to_none=True)
            loss.backward()
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.options.clip or math.inf).item()
        if not (math.isfinite(loss.item()) and math.isfinite(norm)):
            raise TrainingError(f"The loss of step {self.step + 1} is not a number any more. "
                                "Choose a lower rate or a longer warm-up and start again.")
        self._optimiser.step()
        self.step += 1
        if self._average:
            self._average.update(self.model)
        measure, best = self._measure() if self._evaluation_is_due() else (None, False)
        self.seconds += time.monotonic() - began
        return Record(self.step, self.options.steps, loss.item(), self._rates[0] * factor, norm, self.seconds, measure, best)

    def _evaluation_is_due(self) -> bool:
        return self._evaluate is not None and (self.step % self.options.evaluate_every == 0 or self.step == self.options.steps)

    def _measure(self) -> tuple[float, bool]:
        """Evaluate the average (or the model itself) on chance of its own, and keep it where it is the best."""
        assert self._evaluate is not None
        running = snapshot(self.model)
        if self._average:
            self.model.load_state_dict(self._average.weights)
        self.model.eval()
        try:
            with torch.no_grad(), Randomness(self.options.seed).drawing():
                measure = float(self._evaluate(self.model))
        finally:
            self.model.load_state_dict(running)
        better = math.isfinite(measure) and (self.best_measure is None or measure > self.best_measure)
        if better:
            self.best_step, self.best_measure = self.step, measure
            self._best = dict(self._average.weights) if self._average else running
            self._best = {name: tensor.clone() for name, tensor in self._best.items()}
        self._without_better = 0 if better else self._without_better + 1
        return measure, better

    def save(self, folder: Path) -> Path:
        """Write a checkpoint into `folder` in place of the last. Raises TrainingError; the last one is then still there."""
        torch_state, numpy_state = self._randomness.state()
        tensors = {"chance": torch_state} | {f"model.{name}": t for name, t in self.model.state_dict().items()}
        plain: dict[str, dict[str, Any]] = {}
        for number, state in self._optimiser.state_dict()["state"].items():
            for name, value in state.items():
                if isinstance(value, Tensor):
                    tensors[f"optimiser.{number}.{name}"] = value
                else:
                    plain.setdefault(str(number), {})[name] = value
        if self._average:
            tensors |= {f"average.{name}": t for name, t in self._average.weights.items()}
        if self._best is not None:
            tensors |= {f"best.{name}": t for name, t in self._best.items()}
        return checkpoints.write(folder, tensors, {
            "step": self.step, "seconds": self.seconds, "best_step": self.best_step, "best_measure": self.best_measure,
            "without_better": self._without_better, "average_steps": self._average.steps if self._average else None,
            "batches": self._batches.state(), "chance": numpy_state, "optimiser": plain, "recipe": self._recipe})

    def resume(self, folder: Path) -> None:
        """Go on where the checkpoint in `folder` stopped. Raises TrainingError where it belongs to another training."""
        tensors, facts = checkpoints.read(folder)
        other = {key for key in self._recipe.keys() | facts["recipe"].keys()
                 if _plain(self._recipe.get(key)) != facts["recipe"].get(key)}
        model = _under(tensors, "model.")
        fits = {n: t.shape for n, t in model.items()} == {n: t.shape for n, t in self.model.state_dict().items()}
        if other or not fits or (facts["average_steps"] is None) != (self._average is None):
            what = ", ".join(sorted(other)) or "the net's shape"
            raise TrainingError(f"The checkpoint in {folder} belongs to another training ({what} differs). "
                                "Choose another folder, or start without resuming.")
        self._batches.restore(facts["batches"])
        self.model.load_state_dict(model)
        state: dict[int, dict[str, Any]] = {int(number): dict(values) for number, values in facts["optimiser"].items()}
        for name, tensor in _under(tensors, "optimiser.").items():
            number, _, key = name.partition(".")
            state.setdefault(int(number), {})[key] = tensor
        self._optimiser.load_state_dict({**self._optimiser.state_dict(), "state": state})
        if self._average:
            self._average.steps = facts["average_steps"]
            for name, tensor in _under(tensors, "average.").items():
                self._average.weights[name].copy_(tensor)
        device = next(self.model.parameters()).device
        self._best = {name: tensor.to(device) for name, tensor in _under(tensors, "best.").items()} or None
        self._randomness.restore(tensors["chance"], facts["chance"])
        self.step, self.seconds, self._without_better = facts["step"], facts["seconds"], facts["without_better"]
        self.best_step, self.best_measure = facts["best_step"], facts["best_measure"]


def _under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _plain(fact: Any) -> Any:
    """As JSON gives it back: tuples are lists."""
    return json.loads(json.dumps(fact))
