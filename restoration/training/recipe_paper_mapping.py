"""Recipe of the published mapping, between the two autoencoders as their own training left them."""

from collections.abc import Mapping

import torch
from torch import nn

from reelfix.restoration.training.losses import answers_wrong, features_apart
from reelfix.restoration.training.losses_perceptual import PerceptualLoss
from reelfix.restoration.training.recipe import Batch, Source
from reelfix.restoration.training.recipe_paper_settings import (
    WITHOUT_VGG,
    PaperMappingSettings,
)
from reelfix.restoration.training.steps import decibels, descend, side_by_side, to_device, told
from reelfix.restoration.triplet.paper import PaperNets, PaperShape, painted
from reelfix.restoration.triplet.paper_vae import Encoder
from reelfix.restoration.triplet.partial_nonlocal import damaged_cells

States = Mapping[str, Mapping[str, torch.Tensor]]
"""Weights by module, then by parameter."""

_VALIDATION_BATCHES = 8


class PaperMapping:
    """Trains T by equation (4) of Wan et al., CVPR 2020: latents near, adversary, features.

    A batch has `damaged` and `clean` (B, C, H, W) in [0, 1], and `mask` (B, 1, H, W), marks where above 0.
    What is shipped is all that restores: encoder, mapping, generator, as `PaperNets` names them.
    """

    name = "paper-mapping"
    shipped = ("encoder", "mapping", "generator")

    def __init__(
        self,
        validation: Source,
        domain_a: States,
        domain_b: States,
        settings: PaperMappingSettings | None = None,
        perceptual: PerceptualLoss | None = None,
    ) -> None:
        """Make the nets: `domain_a` has `encoder`, `domain_b` has `encoder_b` and `generator`."""
        self.settings = settings = settings or PaperMappingSettings()
        self.notices: tuple[str, ...] = (
            () if perceptual or not settings.weights.perceptual else (WITHOUT_VGG,)
        )
        self._validation, self._perceptual = validation, perceptual
        self.nets = PaperNets(PaperShape(settings.vae.shape, settings.mapping.shape))
        self.clean_encoder = Encoder(settings.vae.shape)
        self.nets.encoder.load_state_dict(domain_a["encoder"])
        self.nets.generator.load_state_dict(domain_b["generator"])
        self.clean_encoder.load_state_dict(domain_b["encoder_b"])
        for fixed in (self.nets.encoder, self.nets.generator, self.clean_encoder):
            fixed.requires_grad_(False)
        self.critic = settings.critic.over(2 * settings.vae.latent)
        self.modules: Mapping[str, nn.Module] = {
            "encoder": self.nets.encoder,
            "mapping": self.nets.mapping,
            "generator": self.nets.generator,
            "encoder_b": self.clean_encoder,
            "critic": self.critic,
        }
        self.optimizers: Mapping[str, torch.optim.Optimizer] = {
            "mapping": settings.adam.over(self.nets.mapping.parameters()),
            "critic": settings.adam.over(self.critic.parameters()),
        }

    def step(self, batch: Batch, step: int) -> dict[str, torch.Tensor]:
        """Take one step of the mapping, and of its adversary, which sees what each latent came from."""
        weights = self.settings.weights
        with torch.no_grad():
            before = self.nets.encoder(painted(batch["damaged"], batch["mask"]))
            wanted = self.clean_encoder(batch["clean"])
        mapped = self.nets.mapping(before, _cells(batch["mask"], before))
        self.critic.requires_grad_(False)
        with torch.no_grad():
            said_wanted = self.critic(torch.cat([before, wanted], dim=1))
        said_mapped = self.critic(torch.cat([before, mapped], dim=1))
        losses = {
            "l1": (mapped.float() - wanted.float()).abs().mean(),
            "adversarial": answers_wrong(said_mapped, 1.0),
            "features": features_apart(said_mapped, said_wanted),
        }
        if self._perceptual is not None and weights.perceptual:
            perceptual = self._perceptual.to(before.device)
            losses["perceptual"] = perceptual(self.nets.generator(mapped), batch["clean"])
        total = torch.stack([getattr(weights, name) * loss for name, loss in losses.items()]).sum()
        descend(self.optimizers["mapping"], total)
        self.critic.requires_grad_(True)
        apart = answers_wrong(self.critic(torch.cat([before, mapped.detach()], dim=1)), 0.0)
        apart = apart + answers_wrong(self.critic(torch.cat([before, wanted], dim=1)), 1.0)
        descend(self.optimizers["critic"], 0.5 * apart)
        return told(**losses, critic=0.5 * apart)

    def validate(self, modules: Mapping[str, nn.Module]) -> dict[str, float]:
        """Measure PSNR in dB of what goes in, of what comes out, and of that without the nonlocal block."""
        squares: dict[str, list[float]] = {}
        for index in range(_VALIDATION_BATCHES):
            batch = to_device(self._validation.batch(index), modules["mapping"])
            clean = batch["clean"]
            pictures = {
                "input": batch["damaged"],
                "psnr": restored(modules, batch),
                "without_attention": restored(modules, batch, attend=False),
            }
            for name, picture in pictures.items():
                squares.setdefault(name, []).append(float((picture - clean).square().mean()))
        means = {name: max(sum(values) / len(values), 1e-10) for name, values in squares.items()}
        return {name: decibels(mean) for name, mean in means.items()}

    def samples(self, modules: Mapping[str, nn.Module]) -> torch.Tensor:
        """Draw damaged, restored and clean pictures, side by side."""
        batch = to_device(self._validation.batch(0), modules["mapping"])
        return side_by_side(batch["damaged"], restored(modules, batch), batch["clean"])


def restored(modules: Mapping[str, nn.Module], batch: Batch, *, attend: bool = True) -> torch.Tensor:
    """Return what `modules` make of a batch's damaged pictures, (B, C, H, W) in [0, 1]."""
    before = modules["encoder"](painted(batch["damaged"], batch["mask"]))
    mapped = modules["mapping"](before, _cells(batch["mask"], before), attend=attend)
    picture: torch.Tensor = modules["generator"](mapped)
    return picture


def _cells(mask: torch.Tensor, latent: torch.Tensor) -> torch.Tensor:
    return damaged_cells(mask, latent.shape[2], latent.shape[3])
