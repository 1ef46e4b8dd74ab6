"""What restores a damaged still: the rows of the table of photographs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from types import MappingProxyType

import cv2
import numpy as np
import torch

from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.evaluation.pictures import gray_of
from reelfix.restoration.arrays import as_array
from reelfix.restoration.external import load_external
from reelfix.restoration.models.architecture import is_ours
from reelfix.restoration.models.descriptor import describe
from reelfix.restoration.models.errors import ModelError
from reelfix.restoration.models.header import read_header
from reelfix.restoration.models.weights import find_weights, is_path
from reelfix.restoration.motion import Motion
from reelfix.restoration.restore import restore_damage
from reelfix.restoration.triplet.blocks import padded
from reelfix.restoration.triplet.compact import BARS, CELL, MULTIPLE, NEIGHBOURS, CompactNets, View
from reelfix.restoration.triplet.levels import levels_of, stretched
from reelfix.restoration.triplet.paper import PaperNets
from reelfix.restoration.triplet.paper_still import restore_still

Restorer = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Takes a picture, float32 (C, H, W) in [0, 1], C = 1 or 3, and its mask, float32 (1, H, W), 1 where damaged;
gives the restored picture, of the same shape."""

Opener = Callable[[torch.device], Restorer]
"""Makes a restorer ready; raises ModuleNotFoundError or FileNotFoundError for what is not here."""


@dataclass(frozen=True)
class StillRow:
    """One row of the table."""

    name: str
    open: Opener


def _as_it_is(_device: torch.device) -> Restorer:
    return lambda picture, _mask: picture


def _telea(_device: torch.device) -> Restorer:
    """OpenCV's inpainting (Telea 2004) under the mask, then its non-local means over all."""

    def restore(picture: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        codes = np.rint(as_array(picture).transpose(1, 2, 0) * 255).astype(np.uint8)
        holes = (as_array(mask[0]) > 0.5).astype(np.uint8)
        filled = cv2.inpaint(
            codes.squeeze(-1) if codes.shape[-1] == 1 else codes, holes, 3, cv2.INPAINT_TELEA
        )
        denoise = cv2.fastNlMeansDenoising if filled.ndim == 2 else cv2.fastNlMeansDenoisingColored
        calm = np.atleast_3d(np.asarray(denoise(filled, None, 10)))
        return torch.from_numpy(calm.transpose(2, 0, 1).astype(np.float32) / 255)

    return restore


def _model_free(_device: torch.device) -> Restorer:
    """Restore as stage `restore` does without a net, on a shot of one frame: no neighbour shows anything."""
    return filled_still


def filled_still(picture: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Fill what the mask (1, H, W) marks on a picture (C, H, W) in [0, 1] from what lies around it."""
    planes = torch.cat([mask, torch.zeros_like(mask)])[None]
    height, width = (-(-side // 2) for side in picture.shape[1:])
    flow, nothing = torch.zeros(1, 2, height, width), torch.zeros(1, 1, height, width)
    still = Motion(flow, flow, nothing, nothing)
    return restore_damage(picture[None], (planes * 255).round().to(torch.uint8), still, slice(0, 1))[0]


def net_row(reference: str, *, attend: bool = True) -> Opener:
    """Return the row of a net: the name of weights or the path of a file, one of ours or what spandrel knows.

    `attend=False` leaves the partial nonlocal block out of the nets that have one.
    """

    def opened(device: torch.device) -> Restorer:
        path = find_weights(reference).path
        if path.suffix != ".safetensors" or not is_ours(read_header(path)):
            external = load_external(path, device)
            return lambda picture, _mask: external(picture[None])[0]
        nets = describe(reference).build(device)
        if isinstance(nets, PaperNets):
            return partial(restore_still, nets, attend=attend)
        if isinstance(nets, CompactNets):
            return partial(_compact, nets, device, attend)
        raise ModelError(f"{reference} holds {type(nets).__name__}, which makes no pictures. Name another.")

    return opened


@torch.inference_mode()
def _compact(
    nets: CompactNets, device: torch.device, attend: bool, picture: torch.Tensor, mask: torch.Tensor
) -> torch.Tensor:
    """Restore a still by the compact nets, all bars at 1: filled first, and without neighbours."""
    filled = filled_still(picture, mask)
    frame, marks = (
        padded(each[None].to(device), MULTIPLE) for each in (gray_of(filled), mask)
    )  # 1x1xHxW, both multiples of MULTIPLE
    neighbours = frame.expand(-1, NEIGHBOURS, -1, -1)
    trust = frame.new_zeros(1, NEIGHBOURS, frame.shape[2] // CELL, frame.shape[3] // CELL)
    strengths = frame.new_ones(1, len(BARS))
    tones = stretched(frame, levels_of(frame[0])[0])
    view = View(frame, marks, neighbours, trust, frame, tones)
    restored: torch.Tensor = nets(view, strengths, attend=attend)
    change = (restored - frame)[0, :, : picture.shape[1], : picture.shape[2]].cpu()
    return (filled + change).clamp(0, 1)


ROWS: Mapping[str, Opener] = MappingProxyType(
    {
        "input": _as_it_is,
        "telea": _telea,
        "model-free": _model_free,
        "compact": net_row("triplet-compact"),
        "compact without nonlocal": net_row("triplet-compact", attend=False),
        "paper": net_row("triplet-paper"),
        "paper without nonlocal": net_row("triplet-paper", attend=False),
    }
)
"""Rows by name. Others are written NAME=FILE, a net's weights, or NAME=MODULE:FUNCTION, an Opener."""
_WITHOUT = ":without-nonlocal"


def parse_rows(text: str | None) -> tuple[StillRow, ...]:
    """Read rows separated by commas: of ROWS, `NAME=FILE`, or `NAME=MODULE:FUNCTION`; by default all of ROWS.

    FILE may end in `:without-nonlocal`. Raises UsageError for a row there is not, and for two of one name.
    """
    if text is None:
        return tuple(StillRow(name, opener) for name, opener in ROWS.items())
    rows = tuple(_row(part.strip()) for part in text.split(","))
    names = [row.name for row in rows]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"{names.count(name)} rows are named {name!r}. Give each a name of its own.")
    return rows


def _row(text: str) -> StillRow:
    if text in ROWS:
        return StillRow(text, ROWS[text])
    name, _, place = text.rpartition("=")
    file = place.removesuffix(_WITHOUT)
    if is_path(file):
        return StillRow(name or place, net_row(file, attend=file == place))
    module, colon, function = place.partition(":")
    if not colon:
        raise UsageError(
            f"there is no row {text!r}. There are: {', '.join(ROWS)}; others are written NAME=FILE or "
            "NAME=MODULE:FUNCTION."
        )
    try:
        opener: Opener = getattr(import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise UsageError(f"row {text!r} cannot be opened: {error}. Check module and function.") from error
    return StillRow(name or place, opener)
