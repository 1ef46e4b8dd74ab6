"""Optical flow by a net: torchvision's RAFT, with weights that the user has.

Teed and Deng, "RAFT: Recurrent All-Pairs Field Transforms for Optical Flow" (ECCV 2020). The net comes
without weights. Those that are known were trained on colour pictures as they are; here the net sees gray ones
of half the size without their light. How its motion compares to that of the dense inverse search has not been
measured.
"""

import copy
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import torch
from torch import nn
from torch.nn import functional

from reelfix.restoration.arrays import Plane
from reelfix.restoration.external import single_threaded
from reelfix.restoration.external_file import Checkpoint, read_checkpoint
from reelfix.restoration.models.errors import ModelError
from reelfix.restoration.motion import Flow

Layout = Literal["raft_small", "raft_large"]
"""What torchvision calls the two nets."""

_EVERY_RAFT = ("feature_encoder.convnormrelu.0.weight", "update_block.flow_head.conv2.weight")
_LARGE_ALONE = "mask_predictor.conv.weight"
_OF_AUTHORS = "update_block.encoder.convc1.weight"
_WRAPPERS = ("model", "state_dict")  # names that trainers keep a state dict under
_REMEDY = "Name a state dict of torchvision's raft_small or raft_large, or motion.model=dis."

_STRIDE = 8  # grid points from one place that the net matches to the next
_LEAST = 128  # grid points a side: the coarsest of four levels of correlation must hold 2 x 2 places
_MOST_PLACES = 16384  # above, the search is made at half the grid's resolution: all pairs are correlated
_PAIR_BYTES = 8  # times the square of the places: the correlations, twice while they are scaled
_TOGETHER_BYTES = 4 << 30


@dataclass(frozen=True)
class RaftDescriptor:
    """What a file of RAFT's weights holds."""

    file: str
    sha256: str
    layout: Layout
    parameters: int


class RaftFlow:
    """RAFT as a search for motion: flows between neighbouring views, both ways."""

    def __init__(self, net: nn.Module, file: str, device: torch.device, iterations: int) -> None:
        """Take torchvision's RAFT with its weights; `iterations`: how often the flow is updated."""
        self._net = net.eval().requires_grad_(False).to(device)
        self._file = file
        self._device = device
        self._iterations = iterations

    def __call__(self, views: Sequence[Plane]) -> list[tuple[Flow, Flow]]:
        """Return the flows of each pair of neighbours in `views`, (h, w) uint8: onward, and back.

        (h, w, 2) float32, in pixels of the full picture, twice as fine as the grid. Each pair goes through by
        itself, on a CPU on one thread: its flows depend neither on other pairs nor on the number of threads.

        Raises ModelError where the net's answer is no number.
        """
        pairs = list(pairwise(views))
        if self._device.type != "cpu" or not pairs:
            return [self._both_ways(pair) for pair in pairs]
        with ExitStack() as stack:
            threads = min(stack.enter_context(single_threaded()), _pairs_at_once(views[0]))
            pool = ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,))
            return list(stack.enter_context(pool).map(self._both_ways, pairs))

    def _both_ways(self, pair: tuple[Plane, Plane]) -> tuple[Flow, Flow]:
        # The net keeps the correlations of what it sees: each pair has one of its own, of the same tensors.
        tensors = (*self._net.parameters(), *self._net.buffers())
        net = copy.deepcopy(self._net, {id(tensor): tensor for tensor in tensors})
        earlier, later = pair
        return self._flow(net, earlier, later), self._flow(net, later, earlier)

    def _flow(self, net: nn.Module, source: Plane, target: Plane) -> Flow:
        height, width = source.shape
        halved = _times_halved(height, width)
        if halved:
            size = (-(-width // 2**halved), -(-height // 2**halved))
            source, target = (
                cv2.resize(view, size, interpolation=cv2.INTER_AREA) for view in (source, target)
            )
        flow = self._padded_flow(net, source, target)
        if halved:
            scale = np.array([width / size[0], height / size[1]], np.float32)
            flow = np.asarray(cv2.resize(flow, (width, height), interpolation=cv2.INTER_LINEAR)) * scale
        return flow * np.float32(2)

    def _padded_flow(self, net: nn.Module, source: Plane, target: Plane) -> Flow:
        """Displacements (h, w, 2) in grid points; the views' edges are repeated to a size the net takes."""
        height, width = source.shape
        grow_y, grow_x = _padded(height) - height, _padded(width) - width
        top, left = grow_y // 2, grow_x // 2
        with torch.inference_mode():
            views = torch.from_numpy(np.stack([source, target])).to(self._device, torch.float32)
            views = views[:, None] / 127.5 - 1  # 2x1xhxw, in [-1, 1] as the net was trained
            views = functional.pad(views, (left, grow_x - left, top, grow_y - top), mode="replicate")
            colours = views.expand(-1, 3, -1, -1)  # 2x3xHxW
            found = net(colours[:1], colours[1:], num_flow_updates=self._iterations)[-1]  # 1x2xHxW
            flow = found[0, :, top : top + height, left : left + width].cpu()
            if not bool(flow.isfinite().all()):
                raise ModelError(f"{self._file} answers with what is no number. Fetch it again. {_REMEDY}")
            return np.ascontiguousarray(flow.permute(1, 2, 0).numpy())


def load_raft(path: str | Path, device: torch.device | str = "cpu", *, iterations: int = 12) -> RaftFlow:
    """Load torchvision's RAFT, small or large as the weights are, from `.safetensors`, `.pth` or `.pt`.

    Raises UnknownModelError without such a file, ModelError for a file that holds more than weights, or the
    weights of something else, and where torchvision cannot be imported.
    """
    checkpoint = read_checkpoint(path)
    file, tensors = checkpoint.path.name, _tensors(checkpoint)
    layout = raft_layout(tensors)
    if layout is None:
        if _OF_AUTHORS in tensors:
            raise ModelError(
                f"{file} is RAFT under its authors' names, torchvision has it under others. {_REMEDY}"
            )
        raise ModelError(f"{file} is no RAFT: it has no {_missing(tensors)!r}. {_REMEDY}")
    return RaftFlow(_net(layout, tensors, file), file, torch.device(device), iterations)


def describe_raft(path: str | Path) -> RaftDescriptor | None:
    """Say what RAFT a file holds; None for other weights. The whole file is read.

    Raises as `load_raft` does, but for the weights of something else.
    """
    checkpoint = read_checkpoint(path)
    file, tensors = checkpoint.path.name, _tensors(checkpoint)
    layout = raft_layout(tensors)
    if layout is None:
        return None
    parameters = sum(parameter.numel() for parameter in _net(layout, tensors, file).parameters())
    return RaftDescriptor(file, checkpoint.sha256, layout, parameters)


def raft_layout(tensors: Mapping[str, object]) -> Layout | None:
    """Tell which RAFT has tensors of these names, as torchvision has them; None for another net."""
    if any(name not in tensors for name in _EVERY_RAFT):
        return None
    return "raft_large" if _LARGE_ALONE in tensors else "raft_small"


def _missing(tensors: Mapping[str, object]) -> str:
    return next(name for name in _EVERY_RAFT if name not in tensors)


def _tensors(checkpoint: Checkpoint) -> dict[str, torch.Tensor]:
    """What of a file is tensors by name, without what trainers put around them."""
    content = checkpoint.content
    for name in _WRAPPERS:
        if isinstance(content.get(name), dict):
            content = content[name]
    return {
        str(name).removeprefix("module."): value
        for name, value in content.items()
        if isinstance(value, torch.Tensor)
    }


def _net(layout: Layout, tensors: Mapping[str, torch.Tensor], file: str) -> nn.Module:
    """Build torchvision's net around tensors; raises ModelError where they are not all of its own."""
    try:
        from torchvision.models import optical_flow
    except (ImportError, RuntimeError) as error:  # RuntimeError: one that was built for another torch
        raise ModelError(
            f"{file} needs torchvision, which cannot be imported: {error}. Install the one of your torch: "
            "pip install torchvision."
        ) from error
    with torch.device("meta"):  # no weights are drawn, nor is the state of the random numbers touched
        net: nn.Module = getattr(optical_flow, layout)(weights=None, progress=False)
    state = net.state_dict()
    if odd := sorted(set(tensors).symmetric_difference(state)):
        kind = "lacks" if odd[0] in state else "has besides"
        raise ModelError(f"{file} looks like {layout}, but {kind} {odd[0]!r}. {_REMEDY}")
    for name, own in state.items():
        if tensors[name].shape != own.shape:
            raise ModelError(
                f"{file} looks like {layout}, but its {name!r} has the shape {tuple(tensors[name].shape)}, "
                f"not {tuple(own.shape)}. {_REMEDY}"
            )
        state[name] = tensors[name].to(own.dtype)
    net.load_state_dict(state, assign=True)
    return net


def _padded(side: int) -> int:
    return max(_LEAST, -(-side // _STRIDE) * _STRIDE)


def _places(height: int, width: int) -> int:
    """How many places the net matches in views of h x w."""
    return _padded(height) * _padded(width) // _STRIDE**2


def _times_halved(height: int, width: int) -> int:
    """How often views are halved before the net takes them."""
    times = 0
    while _places(-(-height // 2**times), -(-width // 2**times)) > _MOST_PLACES:
        times += 1
    return times


def _pairs_at_once(view: Plane) -> int:
    """How many pairs a machine's memory is asked to hold."""
    places = min(_places(*view.shape), _MOST_PLACES)
    return max(1, _TOGETHER_BYTES // (_PAIR_BYTES * places**2))
