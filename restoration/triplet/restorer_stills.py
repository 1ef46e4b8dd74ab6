"""Nets made for stills over a shot's frames, one at a time."""

from collections.abc import Callable

import torch

from reelfix.restoration.motion import Motion
from reelfix.restoration.triplet.paper import PaperNets
from reelfix.restoration.triplet.paper_still import restore_still
from reelfix.restoration.triplet.restorer_frames import Restored, lumas_of, too_large

Still = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""From a picture (C, H, W) in [0, 1] and the probability of damage (1, H, W) to the picture restored."""


class StillRestorer:
    """A net for stills on filled frames; it knows no neighbours and keeps no latents.

    What neighbouring frames filled is sound, so that no damage is told of; but in a shot of one frame, where
    the fill is a guess, the net is given the mask.
    """

    def __init__(self, still: Still, strength: float = 1.0) -> None:
        """`strength` in [0, 1]: how far frames go towards what the net makes of them; 0 is the identity."""
        if not 0.0 <= strength <= 1.0:
            raise ValueError(f"{strength = } must be in [0, 1]: 0 leaves the picture as it is.")
        self._still = still
        self._strength = strength

    @torch.inference_mode()
    def restore(
        self,
        filled: torch.Tensor,
        mask: torch.Tensor,
        motion: Motion,
        core: slice,
        *,
        keep_latents: bool = False,
    ) -> Restored:
        """Return the frames `core`; arguments as in `CompactRestorer.restore`.

        Raises ValueError where latents are wanted, torch.OutOfMemoryError for frames too large for a GPU.
        """
        if keep_latents:
            raise ValueError("nets for stills keep no latents. Name triplet-compact, or leave them out.")
        if self._strength == 0:
            return Restored(filled[core], None)
        restored = []
        for t in range(*core.indices(len(filled))):
            marks = mask[t].amax(dim=0, keepdim=True).float().div_(255)
            if len(filled) > 1:
                marks = torch.zeros_like(marks)
            try:
                made = self._still(filled[t], marks.to(filled.device))
            except torch.OutOfMemoryError as error:
                raise too_large(filled.shape[2], filled.shape[3], filled.device) from error
            restored.append(torch.lerp(filled[t], made, self._strength).clamp_(0, 1))
        return Restored(torch.stack(restored), None)


def paper_still(nets: PaperNets, device: torch.device, dtype: torch.dtype, tile: int) -> Still:
    """Return the published nets as a function of pictures, on a device in `dtype`.

    What nets for gray do to luma is added to every channel. `tile`: see `restore_still`.
    """
    taken = nets.eval().requires_grad_(False).to(device, dtype)
    is_gray = taken.shape.vae.channels == 1

    def still(picture: torch.Tensor, marks: torch.Tensor) -> torch.Tensor:
        if len(picture) == 1 or not is_gray:
            return restore_still(taken, picture, marks, tile=tile)
        luma = lumas_of(picture[None])
        return picture + (restore_still(taken, luma, marks, tile=tile) - luma)

    return still
