"""The published mapping T from latents of damaged pictures to those of clean ones."""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import nn

from reelfix.restoration.triplet.paper_blocks import norm_relu, published_start, residual_blocks
from reelfix.restoration.triplet.partial_nonlocal import MAX_KEYS, MEMORY_BYTES, PartialNonlocal


@dataclass(frozen=True)
class MappingShape:
    """Sizes of a mapping; the defaults are those of the paper's table."""

    widths: tuple[int, ...] = (64, 128, 256, 512)
    """Channels from the latent's to the middle's; the way back mirrors them."""
    fusion_blocks: int = 2
    """Residual blocks on what the partial nonlocal block gathered."""
    blocks: int = 6
    """Residual blocks after it."""
    attention: bool = True
    """Whether there is a partial nonlocal block; without, the mapping is blind to masks."""


RELEASED = MappingShape(widths=(64, 128, 256, 512, 512), fusion_blocks=3)
"""The mapping of the authors' code and of their released weights (`mapping_scratch`)."""

RELEASED_BLIND = MappingShape(widths=(64, 128, 256, 512, 512), fusion_blocks=0, attention=False)
"""The one for pictures without scratches (`mapping_quality`)."""


class Mapping(nn.Module):
    """Latents of damaged pictures to latents of clean ones."""

    def __init__(
        self, shape: MappingShape, *, max_keys: int | None = MAX_KEYS, memory_bytes: int = MEMORY_BYTES
    ) -> None:
        """Make a mapping; `max_keys` and `memory_bytes` are those of `partial_nonlocal`."""
        super().__init__()
        widths = shape.widths
        self.widen = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in pairwise(widths))
        self.attention: PartialNonlocal | None = None
        if shape.attention:
            # Everywhere: the norms of the blocks behind it take their means over sound places too.
            self.attention = PartialNonlocal(
                widths[-1], widths[-1], everywhere=True, max_keys=max_keys, memory_bytes=memory_bytes
            )
        self.fusion = residual_blocks(widths[-1], shape.fusion_blocks)
        self.body = residual_blocks(widths[-1], shape.blocks)
        self.narrow = nn.ModuleList(
            nn.Conv2d(b, a, 3, padding=1) for a, b in reversed(list(pairwise(widths)))
        )
        published_start(self)

    def forward(self, latent: torch.Tensor, damaged: torch.Tensor, *, attend: bool = True) -> torch.Tensor:
        """Return latents (B, latent, h, w) of latents (B, latent, h, w) and damaged cells bool (B, 1, h, w).

        `attend=False` leaves the partial nonlocal block out, as if nothing were damaged.
        """
        features = latent
        for layer in self.widen:
            features = norm_relu(layer(features))  # B x 512 x h x w at last
        # A batch without damage is the same either way: what the block says would be struck out.
        if self.attention is not None and attend and bool(damaged.any()):
            gathered = self.fusion(self.attention(features, damaged))
            features = torch.where(damaged, gathered, features)
        features = self.body(features)
        *layers, last = self.narrow
        for layer in layers:
            features = norm_relu(layer(features))
        out: torch.Tensor = last(features)
        return out
