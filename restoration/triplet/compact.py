"""`triplet-compact`: the triplet of autoencoders and the mapping between them, made for film and for CPUs.

After "Bringing Old Photos Back to Life" (Wan et al., CVPR 2020): one autoencoder for damaged pictures, real
and synthetic (domain A), one for clean ones (domain B), and a mapping between their latents. What differs,
and why:

- Latents have 64 channels at a quarter of the size. A gray picture has 16 values there, so that nothing need
  be lost, and a picture's grain and edges survive the way through the latent space.
- The mapping moves a latent along directions of its own for every place, one for each of BARS: what is noise
  there, what is blur, what is faded, what a mark left. The strengths scale them, so that each bar moves from
  the picture as it is to the picture without that damage, and 0 is the identity.
- It sees the two frames before and after, brought to this one along the motion: what grain hides in one of
  them the others show. Without neighbours (stills, shots of one frame) their confidence is 0.
- The result is `frame + G(z + moves) - G(z)`: what the autoencoder cannot tell is never lost.
- Fading is the whole frame's: that direction is known, and not learnt.
- Along the first of these directions it begins where the denoiser without a net arrives, which looks further
  in time than the mapping and compares blocks: what was not learnt is never worse than that.
- Convolutions without normalisation, gray, most of them at a quarter of the size: two CPU cores with bfloat16
  run it in near real time.
"""

from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from reelfix.restoration.triplet.blocks import padded, residual_blocks
from reelfix.restoration.triplet.compact_autoencoder import CELL, CompactShape, Decoder, Encoder
from reelfix.restoration.triplet.partial_nonlocal import PartialNonlocal

__all__ = [
    "BARS",
    "CELL",
    "DAMAGED",
    "DETAIL",
    "MULTIPLE",
    "NEIGHBOURS",
    "CompactNets",
    "CompactShape",
    "Decoder",
    "Encoder",
    "Mapping",
    "Stem",
    "View",
    "marked_cells",
    "moves_of",
    "padded_view",
]

BARS = ("denoise", "sharpness", "contrast", "scratches")
"""The artist's track bars, in the order of the mapping's directions."""

MULTIPLE = 16
"""Sizes that the mapping takes are multiples of this; `blocks.padded` makes them so."""
NEIGHBOURS = 4
"""Neighbouring frames: two before, nearest first, and two after, nearest first."""

DAMAGED = 0.05
"""Share of a cell of a sixteenth of the size that must be damaged for the cell to look elsewhere."""

DETAIL = 6.0
"""How much more than tones detail counts where the mapping begins to learn."""


class View(NamedTuple):
    """What the mapping sees of a frame besides its latents; all of one device and type."""

    frame: torch.Tensor
    """(B, 1, H, W) in [0, 1], damage filled where neighbouring frames showed what it hid."""
    mask: torch.Tensor
    """(B, 1, H, W) in [0, 1]: the probability that a place was damaged, filled or not."""
    neighbours: torch.Tensor
    """(B, NEIGHBOURS, H, W) in [0, 1]: the frames around, brought to this one."""
    trust: torch.Tensor
    """(B, NEIGHBOURS, H / 4, W / 4) in [0, 1]: how far each can be believed; 0 where there is none."""
    denoised: torch.Tensor
    """(B, 1, H, W) in [0, 1]: the frame as `denoise` leaves it; itself where nothing is around."""
    stretched: torch.Tensor | None = None
    """(B, 1, H, W), about [0, 1]: the frame with its tones brought to where they usually are (`levels`), for
    the bar `contrast`; None where that is not raised."""


class Stem(nn.Conv2d):
    """The mapping's first convolution, whose weights are those of cells taken apart.

    Detail and difference are a tenth as large as a picture's tones, and are what there is to learn: a cell
    counts as its mean and DETAIL times what differs from it, other pictures as DETAIL times the difference.
    That is another basis for the same convolution, `plain`, in which training is fast.
    """

    def __init__(self, latent: int, width: int) -> None:
        cell = CELL * CELL
        super().__init__(latent + cell * (3 + NEIGHBOURS) + NEIGHBOURS, width, 3, padding=1)
        basis = torch.eye(self.in_channels)
        mean = torch.full((cell, cell), 1 / cell)
        frame, others = slice(latent, latent + cell), slice(latent + 2 * cell, self.in_channels - NEIGHBOURS)
        basis[frame, frame] = mean + DETAIL * (torch.eye(cell) - mean)
        basis[others, others] *= DETAIL
        self.register_buffer("basis", basis, persistent=False)

    def plain_weight(self) -> torch.Tensor:
        """Return the weight (width, in, 3, 3) of the same convolution of cells as they are."""
        with torch.autocast(self.weight.device.type, enabled=False):
            return torch.einsum("ocyx,ci->oiyx", self.weight, self.get_buffer("basis"))

    def plain(self) -> nn.Conv2d:
        """Return the same convolution of cells as they are, to infer with."""
        layer = nn.Conv2d(self.in_channels, self.out_channels, 3, padding=1)
        layer.weight.data = self.plain_weight().detach()
        assert layer.bias is not None
        assert self.bias is not None
        layer.bias.data = self.bias.detach()
        return layer

    def forward(self, seen: torch.Tensor) -> torch.Tensor:
        """(B, in, h, w) to (B, width, h, w)."""
        result: torch.Tensor = self._conv_forward(seen, self.plain_weight(), self.bias)
        return result


class Mapping(nn.Module):
    """The mapping T: from a latent and the view of its frame to one direction for each bar."""

    def __init__(self, shape: CompactShape) -> None:
        super().__init__()
        width, coarse = shape.width, shape.coarse
        self.stem = Stem(shape.latent, width)
        self.before = residual_blocks(width, shape.blocks // 2)
        self.to_eighth = nn.Conv2d(width, coarse, 2, stride=2)
        self.eighth = residual_blocks(coarse, shape.coarse_blocks)
        self.to_sixteenth = nn.Conv2d(coarse, coarse, 2, stride=2)
        self.wide = residual_blocks(coarse, 1)
        self.nonlocal_block = PartialNonlocal(coarse, coarse // 2)
        self.filled = residual_blocks(coarse, 1)
        self.from_sixteenth = nn.Conv2d(coarse, 4 * coarse, 1)
        self.from_eighth = nn.Conv2d(coarse, 4 * width, 1)
        self.after = residual_blocks(width, shape.blocks - shape.blocks // 2)
        self.directions = nn.Conv2d(width, len(BARS) * shape.latent, 1)
        nn.init.zeros_(self.directions.weight)
        nn.init.zeros_(self.directions.bias)  # type: ignore[arg-type]

    def forward(self, latent: torch.Tensor, view: View, *, attend: bool = True) -> torch.Tensor:
        """Return directions (B, len(BARS), latent, h, w) for latents (B, latent, h, w), sizes multiples of 4.

        `attend=False` leaves the partial nonlocal block out.
        """
        frame, mask, neighbours, trust, denoised, _ = view
        # How other pictures differ says more than what they are; where none is, nothing differs.
        others = torch.cat([neighbours, denoised], dim=1) - frame
        differences = functional.pixel_unshuffle(others, CELL)  # B x 16 (N + 1) x h x w
        seen = torch.cat(
            [
                latent,
                functional.pixel_unshuffle(frame - 0.5, CELL),
                functional.pixel_unshuffle(mask, CELL),
                differences,
                trust,
            ],
            dim=1,
        )
        fine = self.before(self.stem(seen))
        eighth = self.eighth(self.to_eighth(fine))
        sixteenth = self.wide(self.to_sixteenth(eighth))
        if attend:
            damaged = functional.avg_pool2d(mask.float(), MULTIPLE) > DAMAGED
            sixteenth = sixteenth + damaged * self.nonlocal_block(sixteenth, damaged)
        sixteenth = self.filled(sixteenth)
        eighth = eighth + functional.pixel_shuffle(self.from_sixteenth(sixteenth), 2)
        fine = self.after(fine + functional.pixel_shuffle(self.from_eighth(eighth), 2))
        moves: torch.Tensor = self.directions(fine)
        batch, channels, height, width = moves.shape
        return moves.view(batch, len(BARS), channels // len(BARS), height, width)


def marked_cells(mask: torch.Tensor) -> torch.Tensor:
    """Return how far each cell is about a mark, (B, 1, h, w): the most of its own and of those around it.

    `mask`: (B, 1, H, W) in [0, 1].
    """
    cells = functional.max_pool2d(mask, CELL)
    return functional.max_pool2d(cells, 3, stride=1, padding=1)


def moves_of(
    encoder: nn.Module, mapping: nn.Module, view: View, *, attend: bool = True
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return latents (B, latent, h, w) and each bar's way from there, (B, len(BARS), latent, h, w).

    The way of `denoise` begins with what the denoiser without a net does, and goes on from there. That of
    `contrast` is to the frame with its tones stretched, and is not learnt: fading is the whole frame's, and a
    net that sees it part by part learns to sharpen instead. `scratches` leads nowhere but about marks.
    """
    latent = encoder(view.frame)
    denoise, sharpness, _, scratches = mapping(latent, view, attend=attend).unbind(dim=1)
    denoise = (encoder(view.denoised) - latent) + denoise
    contrast = torch.zeros_like(latent) if view.stretched is None else encoder(view.stretched) - latent
    ways = (denoise, sharpness, contrast, scratches * marked_cells(view.mask))
    return latent, torch.stack(ways, dim=1)


class CompactNets(nn.Module):
    """Encoder of domain A, decoder of domain B, and the mapping: what restores a frame."""

    def __init__(self, shape: CompactShape | None = None) -> None:
        super().__init__()
        self.shape = shape or CompactShape()
        self.encoder = Encoder(self.shape)
        self.decoder = Decoder(self.shape)
        self.mapping = Mapping(self.shape)

    def moves(self, view: View, *, attend: bool = True) -> tuple[torch.Tensor, torch.Tensor]:
        """Return latents and each bar's way from there; see `moves_of`."""
        return moves_of(self.encoder, self.mapping, view, attend=attend)

    def latents(
        self, view: View, strengths: torch.Tensor, *, attend: bool = True
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return latents before and after the mapping, (B, latent, h, w) each.

        `strengths` (B, len(BARS)): how far along each direction; 0 stays, 1 goes all the way.
        """
        latent, moves = self.moves(view, attend=attend)
        return latent, latent + torch.einsum("bk,bkchw->bchw", strengths.to(moves.dtype), moves)

    def forward(self, view: View, strengths: torch.Tensor, *, attend: bool = True) -> torch.Tensor:
        """Return the restored frames (B, 1, H, W) float32, about [0, 1]; sizes are multiples of MULTIPLE."""
        before, after = self.latents(view, strengths, attend=attend)
        change: torch.Tensor = self.decoder(after) - self.decoder(before)
        return view.frame.float() + change


def padded_view(view: View) -> View:
    """Return a view of any size grown to multiples of MULTIPLE, its last rows and columns repeated."""
    return View(
        padded(view.frame, MULTIPLE),
        padded(view.mask, MULTIPLE),
        padded(view.neighbours, MULTIPLE),
        padded(view.trust, MULTIPLE // CELL),
        padded(view.denoised, MULTIPLE),
        None if view.stretched is None else padded(view.stretched, MULTIPLE),
    )
