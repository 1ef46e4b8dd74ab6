"""`triplet-paper` trained from its configurations: one run builds on the other, and the last one restores."""

import tomllib
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from reelfix.restoration.models.descriptor import describe
from reelfix.restoration.training.build_paper import DomainRun, MappingRun
from reelfix.restoration.training.configuration import Build, Materials
from reelfix.restoration.training.errors import TrainingError
from reelfix.restoration.training.recipe_paper_mapping import PaperMapping
from reelfix.restoration.training.registry import configuration
from reelfix.restoration.training.settings import TrainingSettings
from reelfix.restoration.training.trainer import Trainer

VAE = {"channels": 1, "latent": 4, "blocks": 0}
CRITIC = {"scales": 1, "width": 4, "strided": 1}
STEPS = {"steps": 2, "log_every": 1, "precision": "float32", "validate_every": 0, "samples_every": 0}


@pytest.fixture
def stills(tmp_path: Path) -> tuple[Path, ...]:
    (tmp_path / "stills").mkdir()
    random = np.random.default_rng(0)
    for index in range(2):
        np.save(tmp_path / "stills" / f"{index}.npy", random.integers(0, 256, (3, 40, 40), np.uint8))
    return tuple(sorted((tmp_path / "stills").glob("*.npy")))


def _build(task: str, stills: tuple[Path, ...], weights: dict[str, Path]) -> Build:
    """Build a run with the least nets there can be."""
    kind = configuration(task, "paper")
    recipe = {"vae": VAE, "critic": CRITIC}
    recipe |= {"mapping": {"widths": [4, 8], "fusion_blocks": 0, "blocks": 0}} if task == "mapping" else {}
    settings = kind.settings_type.model_validate(
        {"training": STEPS, "recipe": recipe, "source": {"batch_size": 1, "crop": 32}}
    )
    real = (stills[0].parent,) if kind.wants_real else ()
    torch.manual_seed(0)
    return kind.build(settings, Materials((), stills[:1], stills[1:], real, weights, torch.device("cpu")))


def _train(built: Build, folder: Path) -> Path:
    report = Trainer(built.recipe, built.source, TrainingSettings.model_validate(STEPS), folder).run()
    assert report.weights is not None
    return report.weights


def test_the_runs_build_on_each_other_and_the_last_one_restores(
    stills: tuple[Path, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REELFIX_VGG16", raising=False)
    a = _build("domain-a", stills, {})
    assert "without the perceptual loss" in a.notices[0]
    weights = {
        "domain_a": _train(a, tmp_path / "a"),
        "domain_b": _train(_build("domain-b", stills, {}), tmp_path / "b"),
    }
    built = _build("mapping", stills, weights)
    found = describe(str(_train(built, tmp_path / "m")))
    assert found.architecture.name == "triplet-paper"
    net = found.build()
    picture, mask = torch.rand(1, 1, 16, 16), torch.zeros(1, 1, 16, 16)
    assert isinstance(built.recipe, PaperMapping)
    with torch.no_grad():
        assert torch.allclose(net(picture, mask), built.recipe.nets.eval()(picture, mask), atol=1e-6)
    encoder_of_a = a.recipe.modules["encoder"].state_dict()["stem.weight"]
    assert torch.equal(net.get_submodule("encoder").state_dict()["stem.weight"], encoder_of_a)


def test_a_run_begins_as_earlier_weights(stills: tuple[Path, ...], tmp_path: Path) -> None:
    b = _build("domain-b", stills, {})
    path = _train(b, tmp_path / "b")
    again = _build("domain-b", stills, {"start": path})
    trained = b.recipe.modules["generator"].state_dict()
    assert all(
        torch.equal(trained[key], value)
        for key, value in again.recipe.modules["generator"].state_dict().items()
    )


def test_weights_of_another_run_are_refused(stills: tuple[Path, ...], tmp_path: Path) -> None:
    save_file({"net.weight": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(TrainingError, match=r"other.safetensors has no weights of encoder, but of net"):
        _build("mapping", stills, dict.fromkeys(("domain_a", "domain_b"), tmp_path / "other.safetensors"))


@pytest.mark.parametrize(
    ("task", "kind"), [("domain-a", DomainRun), ("domain-b", DomainRun), ("mapping", MappingRun)]
)
def test_the_shipped_settings_are_the_published_ones(
    task: str, kind: type[DomainRun] | type[MappingRun]
) -> None:
    content = tomllib.loads((files("reelfix.configs") / "train" / f"{task}-paper.toml").read_text())
    assert (content.pop("task"), content.pop("model")) == (task, "paper")
    content.pop("description")
    settings = kind.model_validate(content)
    assert settings.recipe == kind().recipe
    assert settings.source.crop == 256
    assert settings.training.constant_share == 0.5
