"""How near a restored clip is to the truth.

Light ones are named here; the others are imported from their modules. `perceptual` (LPIPS),
`structure_texture` (DISTS) and the features of `features` need the `evaluate` extra, and files of weights.
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
