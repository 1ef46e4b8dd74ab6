"""`triplet-paper`: the nets of "Bringing Old Photos Back to Life" (Wan et al., CVPR 2020) as published.

Damaged pictures, real and synthetic, share one autoencoder (domain A), clean ones have another (domain B);
a mapping leads from the latents of the first to those of the second. To restore: encode with A, map, generate
with B. What the paper calls E_R,X, T and G_Y are here `encoder`, `mapping` and `generator`.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors.torch import save_file
from torch import nn

from reelfix.restoration.triplet.paper_blocks import padded
from reelfix.restoration.triplet.paper_mapping import Mapping, MappingShape
from reelfix.restoration.triplet.paper_vae import CELL, LEAST, Encoder, Generator, VaeShape
from reelfix.restoration.triplet.partial_nonlocal import MAX_KEYS, MEMORY_BYTES, damaged_cells

PAINT = 1.0
"""Value that damaged places are painted with before they are encoded: white, as the authors train."""


@dataclass(frozen=True)
class PaperShape:
    """Sizes of all nets; the defaults are the published ones."""

    vae: VaeShape = field(default_factory=VaeShape)
    mapping: MappingShape = field(default_factory=MappingShape)


class Latents(NamedTuple):
    """Latents before and after the mapping, (B, latent, h, w) each."""

    before: torch.Tensor
    after: torch.Tensor


class PaperNets(nn.Module):
    """Encoder of domain A, mapping, generator of domain B: what restores a picture."""

    def __init__(
        self,
        shape: PaperShape | None = None,
        *,
        max_keys: int | None = MAX_KEYS,
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        """Make the nets with random weights; `max_keys`, `memory_bytes` are those of `partial_nonlocal`."""
        super().__init__()
        self.shape = shape or PaperShape()
        if self.shape.mapping.widths[0] != self.shape.vae.latent:
            widths, latent = self.shape.mapping.widths, self.shape.vae.latent
            raise ValueError(f"mapping.{widths = } must begin with vae.{latent = }.")
        self.encoder = Encoder(self.shape.vae)
        self.mapping = Mapping(self.shape.mapping, max_keys=max_keys, memory_bytes=memory_bytes)
        self.generator = Generator(self.shape.vae)

    def latents(self, picture: torch.Tensor, mask: torch.Tensor, *, attend: bool = True) -> Latents:
        """Return the latents of a picture, h = ceil(H / 4), w = ceil(W / 4); arguments as in `forward`."""
        picture, mask = padded(painted(picture, mask), CELL, LEAST), padded(mask, CELL, LEAST)
        latent = self.encoder(picture)
        damaged = damaged_cells(mask, latent.shape[2], latent.shape[3])
        return Latents(latent, self.mapping(latent, damaged, attend=attend))

    def forward(self, picture: torch.Tensor, mask: torch.Tensor, *, attend: bool = True) -> torch.Tensor:
        """Return restored pictures (B, C, H, W) float32 in [0, 1].

        `picture`: (B, C, H, W) in [0, 1], any size; `mask`: (B, 1, H, W), damage where above 0.
        `attend=False` leaves the partial nonlocal block out.
        """
        height, width = picture.shape[-2:]
        restored: torch.Tensor = self.generator(self.latents(picture, mask, attend=attend).after)
        return restored[..., :height, :width]


def painted(picture: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return pictures (B, C, H, W) with PAINT where the mask (B, 1, H, W) is above 0."""
    return torch.where(mask > 0, PAINT, picture)


def save_paper(nets: PaperNets, path: Path, *, half: bool = False) -> None:
    """Write the nets' weights as safetensors, for `models.descriptor.describe`; float16 if `half`."""
    tensors = {
        name: tensor.detach().cpu().to(torch.float16 if half else torch.float32).contiguous()
        for name, tensor in nets.state_dict().items()
    }
    save_file(tensors, path)
