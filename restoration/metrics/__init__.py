"""How near a restored clip is to the truth.

Light ones are named here; `similarity` (SSIM), `perceptual` (LPIPS), `warping` and `weave` are imported from
their modules, and the first two need the `bench` extra.
"""

from reelfix.restoration.metrics.flicker import FlickerEnergy, flicker_energy, flicker_left
from reelfix.restoration.metrics.mask_score import MaskScore, mask_score
from reelfix.restoration.metrics.psnr import psnr

__all__ = [
    "FlickerEnergy",
    "MaskScore",
    "flicker_energy",
    "flicker_left",
    "mask_score",
    "psnr",
]
