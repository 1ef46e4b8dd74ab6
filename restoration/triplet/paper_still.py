"""A still restored by the published nets, as far as one wants it."""

from contextlib import nullcontext

import torch

from reelfix.restoration.external import single_threaded
from reelfix.restoration.triplet.paper import PaperNets
from reelfix.restoration.triplet.paper_vae import CELL
from reelfix.restoration.triplet.tiling import tiled

_OVERLAP = 96  # pixels that two tiles share


@torch.no_grad()
def restore_still(
    nets: PaperNets,
    picture: torch.Tensor,
    mask: torch.Tensor,
    strength: float = 1.0,
    *,
    attend: bool = True,
    tile: int | None = None,
    threshold: float = 0.5,
) -> torch.Tensor:
    """Return the restored picture, float32 (C, H, W) in [0, 1]; strength 0 returns the picture's own values.

    `picture`: (C, H, W) in [0, 1]; gray goes through colour nets as gray, and comes back so; a colour picture
    needs colour nets. `mask`: (1, H, W) in [0, 1], the probability of damage; from `threshold` on a place is
    damaged. `attend=False` leaves the partial nonlocal block out. `tile`, a multiple of 4: pictures larger
    than that go through in overlapping tiles, see `tiled`; without it, whole. Both tensors are taken to the
    nets' device and precision, and the result comes back to the picture's device.

    In between, latents go straight from z_x to T(z_x), and what the generator misses of the picture fades:
    G(z_x + s (T(z_x) - z_x)) + (1 - s) (picture - G(z_x)). Strength 1 is the published restoration.
    """
    _check(nets, picture, mask, strength)
    if strength == 0.0:
        return picture.float()
    weight = next(nets.parameters())
    channels = nets.shape.vae.channels
    seen = picture.to(weight.device, weight.dtype).expand(channels, -1, -1)[None]
    damaged = (mask >= threshold).to(weight.device, weight.dtype)[None]

    def run(part: torch.Tensor, holes: torch.Tensor) -> torch.Tensor:
        return _restored(nets, part, holes, strength, attend)

    # On more threads its deconvolutions round otherwise.
    with single_threaded() if weight.device.type == "cpu" else nullcontext():
        if tile is None:
            out = run(seen, damaged)
        else:
            overlap = min(_OVERLAP, (tile - CELL) // 2)
            out = tiled(run, [seen, damaged], tile, overlap, multiple=CELL)
    restored = out[0].to(picture.device)
    return restored if len(restored) == len(picture) else restored.mean(dim=0, keepdim=True)


def _restored(
    nets: PaperNets, picture: torch.Tensor, mask: torch.Tensor, strength: float, attend: bool
) -> torch.Tensor:
    """(1, C, H, W) of (1, C, H, W) and (1, 1, H, W)."""
    height, width = picture.shape[-2:]
    before, after = nets.latents(picture, mask, attend=attend)
    restored: torch.Tensor = nets.generator(torch.lerp(before, after, strength))[..., :height, :width]
    if strength < 1.0:
        as_it_is = nets.generator(before)[..., :height, :width]
        restored = restored + (1.0 - strength) * (picture.float() - as_it_is)
    return restored.clamp(0.0, 1.0)


def _check(nets: PaperNets, picture: torch.Tensor, mask: torch.Tensor, strength: float) -> None:
    """Refuse what the nets cannot take."""
    if picture.ndim != 3 or len(picture) not in (1, nets.shape.vae.channels):
        raise ValueError(f"{tuple(picture.shape) = } must be (1 or {nets.shape.vae.channels}, H, W).")
    if mask.shape != (1, *picture.shape[1:]):
        raise ValueError(f"{tuple(mask.shape) = } must be (1, {picture.shape[1]}, {picture.shape[2]}).")
    if not 0.0 <= strength <= 1.0:
        raise ValueError(f"{strength = } must be in [0, 1].")
