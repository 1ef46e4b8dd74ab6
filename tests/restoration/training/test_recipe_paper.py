"""The published recipes: each learns on a tiny set, ships what the next needs, and says what it lacks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from reelfix.restoration.models.descriptor import describe
from reelfix.restoration.training.recipe import Batch, Recipe
from reelfix.restoration.training.recipe_paper import PaperDomainA, PaperDomainB
from reelfix.restoration.training.recipe_paper_mapping import PaperMapping
from reelfix.restoration.training.recipe_paper_settings import PaperDomainSettings, PaperMappingSettings

TINY_VAE = {"vae": {"channels": 1, "latent": 8, "blocks": 1}, "adam": {"rate": 2e-3}}
TINY_CRITICS = {name: {"scales": 1, "width": 8, "strided": 2} for name in ("critic", "latent_critic")}
DOMAIN = PaperDomainSettings.model_validate(TINY_VAE | TINY_CRITICS)
MAPPING = PaperMappingSettings.model_validate(
    TINY_VAE
    | {"mapping": {"widths": [8, 16], "fusion_blocks": 1, "blocks": 1}, "critic": TINY_CRITICS["critic"]}
)


@dataclass(frozen=True)
class Ramps:
    """Ramps of light; damaged, they are dimmer and have a white line. Real ones have a black line."""

    count: int = 4

    def batch(self, step: int) -> Batch:
        """Return the same batch at every step."""
        ends = torch.rand(self.count, 1, 1, 2, generator=torch.Generator().manual_seed(7))
        along = torch.linspace(0, 1, 32)
        clean = (ends[..., :1] * along + ends[..., 1:] * (1 - along)).expand(-1, 1, 32, 32).clone()
        mask = torch.zeros_like(clean)
        mask[..., 12:15] = 1.0
        damaged = torch.where(mask > 0, 1.0, 0.5 * clean)
        real = torch.where(mask > 0, 0.0, 0.5 * clean)
        return {"clean": clean, "damaged": damaged, "mask": mask, "real": real}


def _run(recipe: Recipe, steps: int) -> list[dict[str, float]]:
    """Take steps as the trainer would, without its schedule."""
    source, seen = Ramps(), []
    for step in range(steps):
        torch.manual_seed(step)
        seen.append({name: float(loss) for name, loss in recipe.step(source.batch(step), step).items()})
    return seen


def _domain_a() -> PaperDomainA:
    torch.manual_seed(0)
    return PaperDomainA(Ramps(), DOMAIN)


def _domain_b() -> PaperDomainB:
    torch.manual_seed(0)
    return PaperDomainB(Ramps(), DOMAIN)


def _mapping(**changes: Any) -> PaperMapping:
    a, b = _states(_domain_a()), _states(_domain_b())
    torch.manual_seed(0)
    return PaperMapping(Ramps(), a, b, MAPPING.model_copy(update=changes))


def _states(recipe: Recipe) -> Mapping[str, Mapping[str, torch.Tensor]]:
    return {name: recipe.modules[name].state_dict() for name in recipe.shipped}


@pytest.mark.parametrize(
    ("make", "losses"),
    [
        (_domain_a, {"l1", "kl", "adversarial", "features", "critic", "latent", "latent_critic"}),
        (_domain_b, {"l1", "kl", "adversarial", "features", "critic"}),
        (_mapping, {"l1", "adversarial", "features", "critic"}),
    ],
)
def test_a_few_steps_lower_the_loss(make: Callable[[], Recipe], losses: set[str]) -> None:
    recipe = make()
    seen = _run(recipe, 14)
    assert set(seen[0]) == losses
    first, last = (sum(row["l1"] for row in rows) for rows in (seen[:3], seen[-3:]))
    assert last < 0.8 * first
    assert seen[-1]["critic"] < seen[0]["critic"]
    assert all(value == value for row in seen for value in row.values())


def test_the_defaults_are_the_published_ones() -> None:
    domain, mapping = PaperDomainSettings(), PaperMappingSettings()
    assert (domain.weights.kl, domain.weights.l1) == (1.0, 10.0)
    assert (mapping.weights.l1, mapping.weights.features, mapping.weights.adversarial) == (60.0, 10.0, 1.0)
    assert (domain.adam.rate, domain.adam.beta1, domain.adam.beta2) == (2e-4, 0.5, 0.999)
    assert domain.adam == mapping.adam
    assert mapping.mapping.widths == (64, 128, 256, 512)
    optimizer = _domain_a().optimizers["nets"]
    assert optimizer.param_groups[0]["betas"] == (0.5, 0.999)


def test_the_latents_adversary_draws_real_latents_to_synthetic_ones() -> None:
    recipe = _domain_a()
    before = [parameter.clone() for parameter in recipe.encoder.parameters()]
    only = {"kl": 0.0, "l1": 0.0, "adversarial": 0.0, "features": 0.0, "latent": 1.0}
    recipe.settings = DOMAIN.model_copy(update={"weights": DOMAIN.weights.model_copy(update=only)})
    recipe.optimizers["latent_critic"].param_groups[0]["lr"] = 0.0
    rows = _run(recipe, 8)
    assert any(not torch.equal(a, b) for a, b in zip(before, recipe.encoder.parameters(), strict=True))
    assert rows[-1]["latent"] < rows[0]["latent"]


def test_the_mapping_leaves_the_autoencoders_alone_and_learns_of_damage() -> None:
    recipe = _mapping()
    fixed = {name: _copy(recipe.modules[name]) for name in ("encoder", "generator", "encoder_b")}
    moving = _copy(recipe.nets.mapping)
    _run(recipe, 2)
    assert all(torch.equal(fixed[name][key], value) for name in fixed for key, value in _items(recipe, name))
    moved = {key for key, value in _items(recipe, "mapping") if not torch.equal(moving[key], value)}
    assert {"widen.0.weight", "narrow.0.weight", "attention.W.weight", "attention.phi.weight"} <= moved


def _copy(module: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def _items(recipe: Recipe, name: str) -> list[tuple[str, torch.Tensor]]:
    return list(recipe.modules[name].state_dict().items())


@torch.no_grad()
def test_what_is_measured_is_told_in_decibels() -> None:
    values = _mapping().validate(_mapping().modules)
    batch = Ramps().batch(0)
    error = (batch["damaged"] - batch["clean"]).square().mean()
    assert values["input"] == pytest.approx(float(-10 * error.log10()), abs=1e-3)
    assert set(values) == {"input", "psnr", "without_attention"}
    assert values["psnr"] != values["without_attention"]
    assert set(_domain_b().validate(_domain_b().modules)) == {"l1", "psnr"}


@torch.no_grad()
@pytest.mark.parametrize(("make", "columns"), [(_domain_a, 2), (_domain_b, 2), (_mapping, 3)])
def test_samples_are_a_grid(make: Callable[[], Recipe], columns: int) -> None:
    recipe = make()
    grid = recipe.samples(recipe.modules)
    assert grid.shape == (1, 4 * 32, columns * 32)
    assert 0.0 <= float(grid.min()) <= float(grid.max()) <= 1.0


@torch.no_grad()
def test_what_is_shipped_restores(tmp_path: Path) -> None:
    recipe = _mapping()
    tensors = {f"{name}.{key}": value for name in recipe.shipped for key, value in _items(recipe, name)}
    save_file(tensors, tmp_path / "nets.safetensors")
    batch = Ramps().batch(0)
    again = describe(str(tmp_path / "nets.safetensors")).build()
    assert torch.allclose(
        again(batch["damaged"], batch["mask"]), recipe.nets(batch["damaged"], batch["mask"])
    )


def test_a_run_without_vgg_says_so() -> None:
    assert "REELFIX_VGG16" in _domain_a().notices[0]
    assert "without the perceptual loss" in _mapping().notices[0]
    weights = MAPPING.weights.model_copy(update={"perceptual": 0.0})
    assert not _mapping(weights=weights).notices


def test_a_perceptual_loss_is_part_of_the_step() -> None:
    class Brightness(nn.Module):
        def forward(self, made: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
            return (made.mean() - real.mean()).abs()

    torch.manual_seed(0)
    recipe = PaperDomainB(Ramps(), DOMAIN, Brightness())  # type: ignore[arg-type]
    rows = _run(recipe, 10)
    assert rows[-1]["perceptual"] < rows[0]["perceptual"]
    assert not recipe.notices
