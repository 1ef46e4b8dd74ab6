"""The trainer: the same weights whatever stopped it in between, and files that tell no step twice."""

import csv
import json
import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn

from reelfix.restoration.training.checkpoint import Checkpoints
from reelfix.restoration.training.errors import TrainingError
from reelfix.restoration.training.events import StepTaken, TrainingEvent, TrainingNotice
from reelfix.restoration.training.settings import TrainingSettings
from reelfix.restoration.training.trainer import Trainer


class Noise:
    """Batches that differ from step to step; draws from torch's global generator, as a source may."""

    def batch(self, step):
        return {"x": torch.rand(2, 1, 6, 6), "step": torch.tensor(float(step))}


class Halving:
    """Learns to halve a picture, with noise of its own, and a second net to keep beside."""

    name = "halving"
    shipped = ("net",)

    def __init__(self, rate=1e-2):
        torch.manual_seed(3)
        self.modules = {
            "net": nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Conv2d(4, 1, 1)),
            "other": nn.Conv2d(1, 1, 1),
        }
        self.optimizers = {
            name: torch.optim.Adam(module.parameters(), lr=rate) for name, module in self.modules.items()
        }
        self.rates = []
        self.on_step = lambda step: None

    def step(self, batch, step):
        assert batch["step"].item() == step
        self.rates.append(self.optimizers["net"].param_groups[0]["lr"])
        x = batch["x"]
        losses = {}
        for name, module in self.modules.items():
            loss = (module(x + 0.1 * torch.randn_like(x)) - x / 2).abs().mean()
            self.optimizers[name].zero_grad()
            loss.backward()
            self.optimizers[name].step()
            losses[name] = loss.detach()
        self.on_step(step)
        return losses

    def validate(self, modules):
        assert not modules["net"].training
        x = torch.rand(1, 1, 6, 6)
        return {"error": float((modules["net"](x) - x / 2).abs().mean())}

    def samples(self, modules):
        return torch.full((3, 4, 5), 0.5)


def settings(**changes):
    values = {"steps": 12, "average": 0.9, "log_every": 5, "validate_every": 4, "precision": "float32"}
    return TrainingSettings(**{**values, **changes})


def final(folder):
    return load_file(folder / "halving.safetensors")


def rows(folder, name="losses.csv"):
    with (folder / name).open() as file:
        return list(csv.DictReader(file))


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[key], second[key]) for key in first)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    report = Trainer(Halving(), Noise(), settings(), folder).run()
    assert report.is_finished
    return folder


def stop_after(recipe, taken):
    def act(step):
        if step + 1 == taken:
            os.kill(os.getpid(), signal.SIGTERM)

    recipe.on_step = act


@pytest.mark.parametrize("taken", [1, 4, 5, 7])
def test_stopped_by_a_signal_it_goes_on_to_the_same_weights(tmp_path, whole, taken):
    recipe = Halving()
    stop_after(recipe, taken)
    report = Trainer(recipe, Noise(), settings(), tmp_path).run()
    assert (report.step, report.was_stopped, report.weights) == (taken, True, None)

    assert Trainer(Halving(), Noise(), settings(), tmp_path).run().is_finished
    assert same(final(whole), final(tmp_path))
    for name in ("losses.csv", "validation.csv"):
        timeless = [
            {
                key: value
                for key, value in row.items()
                if key not in {"step_seconds", "starvation", "utilisation"}
            }
            for row in rows(tmp_path, name)
        ]
        assert [row["step"] for row in timeless] == [row["step"] for row in rows(whole, name)]
        assert all(row.items() <= full.items() for row, full in zip(timeless, rows(whole, name), strict=True))


def _train_until_killed(folder):
    recipe = Halving()

    def kill(step):
        if step == 8:
            os.kill(os.getpid(), signal.SIGKILL)

    recipe.on_step = kill
    Trainer(recipe, Noise(), settings(checkpoint_minutes=1e-9, workers=2), folder).run()


@pytest.mark.slow
def test_killed_with_workers_it_goes_on_to_the_same_weights(tmp_path, whole):
    process = multiprocessing.get_context("fork").Process(target=_train_until_killed, args=(tmp_path,))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert [path.name for path in Checkpoints(tmp_path).paths()] == [
        "checkpoint-00000008.pt",
        "checkpoint-00000007.pt",
    ]
    Trainer(Halving(), Noise(), settings(workers=0), tmp_path).run()
    assert same(final(whole), final(tmp_path))
    assert [row["step"] for row in rows(tmp_path)] == ["5", "10"]


def test_a_damaged_checkpoint_is_passed_over_and_said(tmp_path, whole):
    recipe = Halving()
    stop_after(recipe, 7)
    Trainer(recipe, Noise(), settings(checkpoint_minutes=1e-9), tmp_path).run()
    newest = Checkpoints(tmp_path).paths()[0]
    newest.write_bytes(newest.read_bytes()[:-200])
    events: list[TrainingEvent] = []
    report = Trainer(Halving(), Noise(), settings(), tmp_path, emit=events.append).run()
    assert any(isinstance(event, TrainingNotice) and newest.name in event.message for event in events)
    assert [event.step for event in events if isinstance(event, StepTaken)] == list(range(7, 13))
    assert report.is_finished
    assert same(final(whole), final(tmp_path))


def test_minutes_end_a_run_with_a_checkpoint(tmp_path):
    recipe = Halving()
    recipe.on_step = lambda step: time.sleep(0.02)
    report = Trainer(recipe, Noise(), settings(steps=1000, validate_every=0, samples_every=0), tmp_path).run(
        minutes=0.1 / 60
    )
    assert 1 <= report.step < 1000
    assert not report.was_stopped
    assert Checkpoints(tmp_path).load()[0]["step"] == report.step


def test_the_learning_rate_is_constant_then_falls_to_nothing(tmp_path):
    recipe = Halving(rate=1.0)
    Trainer(recipe, Noise(), settings(steps=8, constant_share=0.5), tmp_path).run()
    assert recipe.rates == pytest.approx([1, 1, 1, 1, 1, 0.75, 0.5, 0.25])


def test_weights_tell_where_they_are_from(tmp_path, whole):
    with safe_open(whole / "halving.safetensors", "pt") as file:
        metadata = file.metadata()
        assert set(file.keys()) >= {"net.0.weight", "net.1.running_mean", "net.2.bias"}
        assert not any(key.startswith("other") for key in file.keys())  # noqa: SIM118 - not a mapping
    assert (metadata["recipe"], metadata["step"], metadata["seed"]) == ("halving", "12", "0")
    assert json.loads(metadata["settings"])["training"]["average"] == 0.9


def test_the_average_is_what_is_shipped(tmp_path, whole):
    Trainer(Halving(), Noise(), settings(average=0.0), tmp_path).run()
    plain, averaged = final(tmp_path), final(whole)
    assert not torch.equal(plain["net.0.weight"], averaged["net.0.weight"])
    assert torch.equal(plain["net.1.running_mean"], averaged["net.1.running_mean"])


def test_other_settings_are_refused_by_name(tmp_path):
    recipe = Halving()
    stop_after(recipe, 1)
    Trainer(recipe, Noise(), settings(), tmp_path, described={"recipe": {"width": 4}}).run()
    with pytest.raises(TrainingError, match=r"recipe\.width: 4, now 5; training\.seed: 0, now 3"):
        Trainer(Halving(), Noise(), settings(seed=3), tmp_path, described={"recipe": {"width": 5}}).run()
    free = settings(validate_every=0, checkpoint_minutes=1.0)
    assert Trainer(Halving(), Noise(), free, tmp_path, described={"recipe": {"width": 4}}).run().is_finished


def test_a_schedule_may_change_while_the_rate_has_not(tmp_path, whole):
    recipe = Halving()
    stop_after(recipe, 5)
    Trainer(recipe, Noise(), settings(steps=40), tmp_path).run()
    # With 6 steps the rate would have fallen after 3 of them.
    with pytest.raises(TrainingError, match=r"training\.steps: 40, now 6"):
        Trainer(Halving(), Noise(), settings(steps=6), tmp_path).run()
    Trainer(Halving(), Noise(), settings(log_every=3), tmp_path).run()
    assert same(final(whole), final(tmp_path))


def test_a_loss_that_is_not_finite_ends_the_run_and_keeps_the_checkpoint(tmp_path):
    class Diverging(Halving):
        def step(self, batch, step):
            return {"net": torch.tensor(float("nan") if step == 6 else 1.0)}

    with pytest.raises(TrainingError, match="'net' became nan"):
        Trainer(Diverging(), Noise(), settings(checkpoint_minutes=1e-9), tmp_path).run()
    assert Checkpoints(tmp_path).load()[0]["step"] == 6


def test_a_run_leaves_pictures_to_look_at(whole):
    from PIL import Image

    assert Image.open(whole / "samples-00000012.png").getpixel((0, 0)) == (128, 128, 128)
    curves = Image.open(whole / "curves.png").convert("RGB")
    assert len(curves.getcolors(2**20)) > 4


def test_two_processes_do_not_train_in_one_folder(tmp_path: Path):
    recipe = Halving()
    raised = []

    def try_another(step):
        if step == 0:
            with pytest.raises(TrainingError, match="another process") as caught:
                Trainer(Halving(), Noise(), settings(), tmp_path).run()
            raised.append(caught)

    recipe.on_step = try_another
    Trainer(recipe, Noise(), settings(steps=2), tmp_path).run()
    assert raised


def test_bfloat16_learns_and_keeps_float32_weights(tmp_path):
    recipe = Halving()
    seen = []
    recipe.modules["net"][0].register_forward_hook(lambda module, given, made: seen.append(made.dtype))
    report = Trainer(recipe, Noise(), settings(precision="bfloat16", log_every=10, steps=60), tmp_path).run()
    assert torch.bfloat16 in seen
    assert recipe.modules["net"][0].weight.dtype == torch.float32
    assert report.losses["net"] < 0.5 * float(rows(tmp_path)[0]["net"])
