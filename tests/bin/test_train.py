"""`reelfix train`, from the command line to the weights, on tiny nets and clips."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from reelfix.bin.exit_codes import ExitCode
from reelfix.bin.training_progress import TrainingLines, described
from reelfix.restoration.training.events import LossesLogged, TrainingStarted
from reelfix.restoration.training.prepared import ARRAYS, Item, write_item

SHAPE = {"latent": 16, "width": 8, "blocks": 2, "coarse": 8, "coarse_blocks": 1}
"""A latent of 16 channels holds the 16 pixels of its cell."""


def tiny(task: str) -> list[str]:
    """Settings that make a run of `task` tiny."""
    values = {f"recipe.shape.{name}": value for name, value in SHAPE.items()}
    values |= {"source.crop": 32, "source.validation_crop": 32, "source.batch_size": 2}
    values |= {"training.steps": 3, "training.log_every": 1, "training.warm_up": 0}
    return [word for name, value in values.items() for word in ("--set", f"{task}.{name}={value}")]


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    """Two prepared clips, one of each part."""
    random = np.random.default_rng(5)
    for number, part in enumerate(("train", "validation")):
        frames = random.integers(0, 256, (5, 32, 32)).astype(np.uint8)
        marks = np.zeros((5, 2, 32, 32), np.uint8)
        marks[:, 0, 8:14, 8:14] = 255
        arrays = dict.fromkeys(ARRAYS, frames)
        arrays |= {"found": marks, "truth": marks}
        arrays |= {
            "flow": np.zeros((5, 4, 16, 16), np.int16),
            "trust": np.full((5, 2, 16, 16), 255, np.uint8),
        }
        write_item(tmp_path / "prepared" / f"{number:05d}", Item("clip", "1920s", 0, part), arrays)
    return tmp_path / "prepared"


@pytest.mark.slow
def test_all_runs_from_nothing_then_adapted_to_a_reel(invoke, make_tiny_reel, prepared, tmp_path) -> None:  # type: ignore[no-untyped-def]
    runs = tmp_path / "runs"
    reel = make_tiny_reel()
    common = ("--data", prepared, "-o", runs, "--workers", "0", "--device", "cpu")

    result = invoke("train", "mapping", *common, *tiny("mapping"))
    assert result.exit_code == ExitCode.USAGE
    assert "Run `reelfix train domain-a --config compact` first" in result.stderr

    for task, real in (("domain-a", ("--real", reel)), ("domain-b", ()), ("mapping", ())):
        result = invoke("train", task, *common, *real, *tiny(task))
        assert (result.exit_code, "step 3 of 3" in result.stdout) == (0, True), result.output
    made = runs / "mapping-compact" / "compact-mapping.safetensors"
    assert {key.partition(".")[0] for key in load_file(made)} == {"encoder", "decoder", "mapping"}

    # The shipped weights' part is played by those just made.
    adapt = [*tiny("domain-a"), *tiny("domain-b"), *tiny("mapping"), "--set", f"weights.start={made}"]
    result = invoke("train", "mapping", *common, "--real", reel, *adapt)
    assert result.exit_code == 0, result.output
    assert [line.partition(":")[0] for line in result.stdout.splitlines()] == [
        str(runs / f"{task}-compact-adapt") for task in ("domain-a", "domain-b", "mapping")
    ]
    adapted = load_file(runs / "mapping-compact-adapt" / "compact-mapping.safetensors")
    encoder = load_file(runs / "domain-a-compact-adapt" / "compact-domain-a.safetensors")
    moved = [key for key, tensor in load_file(made).items() if not torch.equal(tensor, adapted[key])]
    assert any(key.startswith("encoder.") for key in moved)
    assert all(torch.equal(encoder[key], adapted[key]) for key in adapted if key.startswith("encoder."))

    result = invoke("train", "mapping", "-o", runs, "--export", tmp_path / "now.safetensors")
    assert result.stdout == f"{tmp_path / 'now.safetensors'}: weights of step 3\n"
    assert (tmp_path / "now.safetensors").read_bytes() == made.read_bytes()

    again = invoke("train", "mapping", *common, "--real", reel, *adapt, "--json")
    assert again.exit_code == 0, again.output
    reports = [json.loads(line) for line in again.stdout.splitlines() if '"TrainingReport"' in line]
    assert [(report["step"], report["steps"]) for report in reports] == [(3, 3)] * 3
    assert '"LossesLogged"' not in again.stdout  # nothing was left to do


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("domain-a",), ExitCode.USAGE, "no training data is named"),
        (("mapping", "--export", "x.safetensors"), ExitCode.BAD_INPUT, "has no checkpoint yet"),
        (("detect", "--config", "detectr"), ExitCode.USAGE, "Did you mean 'detector'?"),
        (("mapping", "--set", "training.stesp=1"), ExitCode.USAGE, "Did you mean 'steps'?"),
        (("domain-b", "--data", "{prepared}", "--real", "x"), ExitCode.USAGE, "does not look at real film"),
        (
            ("mapping", "--data", "{prepared}", "--set", "weights.domain_a=x.safetensors"),
            ExitCode.USAGE,
            "there is no such file",
        ),
        (
            (
                *("mapping", "--data", "{prepared}", "--set", "weights.domain_a={prepared}/bad.safetensors"),
                *("--set", "weights.domain_b={prepared}/bad.safetensors"),
            ),
            ExitCode.BAD_INPUT,
            "cannot be read as safetensors",
        ),
    ],
)
def test_what_cannot_be_is_said_with_its_remedy(invoke, prepared, tmp_path, arguments, code, message) -> None:  # type: ignore[no-untyped-def]
    (prepared / "bad.safetensors").write_bytes(b"not weights")
    result = invoke("train", *(word.format(prepared=prepared) for word in arguments), "-o", tmp_path / "runs")
    assert result.exit_code == code, result.output
    assert message in result.stderr


def test_lines_tell_losses_times_and_what_is_left() -> None:
    import io

    stream = io.StringIO()
    lines = TrainingLines(stream)
    lines.show(TrainingStarted("tiny", 0, 100, "runs/tiny"))
    event = LossesLogged("tiny", 40, {"l1": 0.125}, 1.0, 2.0, 0.25, 0.5)
    lines.show(event)
    lines.show(event)  # too soon for another
    assert stream.getvalue() == (
        "tiny: begins, 100 steps, in runs/tiny\n"
        "tiny: step 40 of 100, 2:00 left: l1 0.125, 2000 ms a step, 25 % waiting for data, 50 % busy\n"
    )
    assert described(TrainingStarted("tiny", 40, 100, "runs/tiny"), 100) == (
        "tiny: goes on at step 40, 100 steps, in runs/tiny"
    )
