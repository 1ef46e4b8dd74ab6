"""What restores filled frames, by the name of its weights or by their path."""

from typing import Protocol

import torch

from reelfix.restoration.external import load_external
from reelfix.restoration.models.descriptor import describe
from reelfix.restoration.models.errors import ModelError
from reelfix.restoration.models.weights import find_weights
from reelfix.restoration.motion import Motion
from reelfix.restoration.net_record import is_external
from reelfix.restoration.triplet.compact import CompactNets
from reelfix.restoration.triplet.paper import PaperNets
from reelfix.restoration.triplet.restorer import MEMORY_BYTES, CompactRestorer, Precision, dtype_for
from reelfix.restoration.triplet.restorer_bars import Bars
from reelfix.restoration.triplet.restorer_frames import Restored
from reelfix.restoration.triplet.restorer_stills import StillRestorer, paper_still
from reelfix.restoration.triplet.tiling import tile_for

_PAPER_BYTES_PER_PIXEL = 800  # held at the worst moment, for each byte of a number: 64 channels and more
_PAPER_OVERLAP, _PAPER_MULTIPLE = 96, 4


class Restorer(Protocol):
    """Takes out of the frames of a window's core what is left after filling; see `CompactRestorer`."""

    def restore(
        self,
        filled: torch.Tensor,
        mask: torch.Tensor,
        motion: Motion,
        core: slice,
        *,
        keep_latents: bool = False,
    ) -> Restored:
        """Return the frames `core`, restored."""
        ...


def open_restorer(
    model: str,
    bars: Bars,
    device: torch.device,
    *,
    strength: float = 1.0,
    precision: Precision = "auto",
    memory_bytes: int = MEMORY_BYTES,
) -> Restorer:
    """Load the net `model` (a name or a path, see `find_weights`) onto a device.

    `bars` are those of the compact nets; nets for stills, the published ones and those of others, know
    `strength` alone. Raises ModelError for weights that are not there or that restore nothing.
    """
    if is_external(model):
        # What arithmetic a net of others bears is not known: float32 is what it was made with.
        external = load_external(find_weights(model).path, device)
        return StillRestorer(lambda picture, marks: external(picture[None])[0], strength)
    descriptor = describe(model)
    net, dtype = descriptor.build(), dtype_for(precision, device)
    if isinstance(net, CompactNets):
        return CompactRestorer(net, bars, device, dtype, strength=strength, memory_bytes=memory_bytes)
    if isinstance(net, PaperNets):
        held = _PAPER_BYTES_PER_PIXEL * dtype.itemsize
        tile = tile_for(memory_bytes, held, multiple=_PAPER_MULTIPLE, overlap=_PAPER_OVERLAP)
        return StillRestorer(paper_still(net, device, dtype, tile), strength)
    raise ModelError(
        f"{model} is a {descriptor.architecture.name}, which restores no frames. Name weights of "
        "triplet-compact or triplet-paper, or a net for stills."
    )
