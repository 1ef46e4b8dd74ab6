"""Nets of others for still pictures: any restoration or super-resolution net that spandrel knows."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from reelfix.restoration.external_file import read_checkpoint
from reelfix.restoration.models.errors import ModelError
from reelfix.restoration.triplet.tiling import tiled

if TYPE_CHECKING:
    from reelfix.restoration.models.architecture import Precision

_TILE, _OVERLAP = 512, 64
_LUMA = (0.299, 0.587, 0.114)  # Rec. 601, as restoration.arrays
_MOST = 240
_REFUSED = {
    "Inpainting": "it fills what a mask marks, and is given none here",
    "FaceSR": "it draws faces that were cut out and aligned, not frames",
}


@dataclass(frozen=True)
class ExternalDescriptor:
    """A net of others, after what spandrel tells of it."""

    name: str
    """The file's name without its suffix."""
    file: str
    sha256: str
    architecture: str
    """As spandrel calls it."""
    purpose: str
    """`Restoration` or `SR`."""
    tags: tuple[str, ...]
    """What spandrel adds of its sizes."""
    channels: int
    """Of the pictures that it takes and gives: 1 or 3."""
    scale: int
    """Size of what it gives against what it takes."""
    multiple: int
    """Heights and widths are padded to multiples of this, and cropped back."""
    minimum: int
    """And to this at least."""
    tiles: bool
    """Whether a large picture goes through it in tiles; else whole."""
    precisions: tuple[Precision, ...]
    parameters: int


class ExternalNet:
    """A net of others, ready for frames."""

    def __init__(
        self,
        descriptor: ExternalDescriptor,
        loaded: Any,
        device: torch.device,
        precision: Precision,
        tile: int,
    ) -> None:
        self.descriptor = descriptor
        self._dtype: torch.dtype = getattr(torch, precision)
        self._device = device
        self._tile = tile
        self._loaded = loaded.eval().to(device, self._dtype)
        self._loaded.model.requires_grad_(False)

    def __call__(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return what the net makes of (N, C, H, W) float32 in [0, 1]: shape, type, range and device stay.

        C is 1 or 3. A net for colour gets a gray picture three times, and the mean of what it makes is taken;
        what a net for gray does to the luma (Rec. 601) is added to R, G and B alike, so that the chroma
        stays. What a net enlarges is brought back to its size, a pixel the mean of its area. Each picture
        goes through by itself, on a CPU on one thread, several pictures beside each other: what becomes of it
        depends neither on the others nor on the number of threads, which changes the order of sums.

        Raises ValueError for another shape, ModelError where the net's answer is no number.
        """
        if pictures.ndim != 4 or pictures.shape[1] not in (1, 3):
            raise ValueError(f"pictures of shape {tuple(pictures.shape)}: they must be (N, 1 or 3, H, W).")
        if not len(pictures):
            return pictures.clone()
        if self._device.type != "cpu":
            return torch.cat([self._one(picture) for picture in pictures[:, None]])
        with single_threaded() as threads, ThreadPoolExecutor(threads, initializer=_one_thread) as pool:
            return torch.cat(list(pool.map(self._one, pictures[:, None])))

    def _one(self, picture: torch.Tensor) -> torch.Tensor:
        taken, channels = picture.shape[1], self.descriptor.channels
        if taken == channels:
            made = self._through(picture)
        elif channels == 3:
            made = self._through(picture.expand(-1, 3, -1, -1)).mean(dim=1, keepdim=True)
        else:
            luma = torch.einsum("bchw,c->bhw", picture, picture.new_tensor(_LUMA))[:, None]  # 1x1xHxW
            made = picture + (self._through(luma) - luma)
        return made.clamp(0, 1)

    def _through(self, picture: torch.Tensor) -> torch.Tensor:
        """(1, channels, H, W) float32 to the same: in tiles, each at the net's own scale and back."""
        height, width = picture.shape[-2:]
        tile = self._tile if self.descriptor.tiles else max(height, width)
        made = tiled(
            self._at_scale_one,
            [picture],
            max(tile, 2 * _OVERLAP + self.descriptor.multiple),
            _OVERLAP,
            multiple=self.descriptor.multiple,
        )
        if not bool(made.isfinite().all()):
            raise ModelError(
                f"{self.descriptor.file} answers in {self._dtype} with what is no number. Let it compute in "
                "float32, or name another net."
            )
        return made

    def _at_scale_one(self, picture: torch.Tensor) -> torch.Tensor:
        answer: torch.Tensor = self._loaded(picture.to(self._device, self._dtype))
        made = answer.to(picture.device, torch.float32, copy=True)
        if self.descriptor.scale > 1:
            # The mean over a pixel's area loses less of what was enlarged than resampling with kernels does.
            made = functional.avg_pool2d(made, self.descriptor.scale)
        return made


@contextmanager
def single_threaded() -> Iterator[int]:
    """Within: torch computes on one thread in all of this process; yields how many it had."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield threads
    finally:
        torch.set_num_threads(threads)


def load_external(
    path: str | Path,
    device: torch.device | str = "cpu",
    *,
    precision: Precision = "float32",
    tile: int = _TILE,
) -> ExternalNet:
    """Load a net of others from `.safetensors`, `.pth`, `.pt` or `.ckpt`: a function of pictures.

    `tile`: side of the tiles that a large picture goes through in, pixels.

    Raises UnknownModelError without such a file, and ModelError: without spandrel, for a file that holds more
    than weights, for a net that spandrel does not know or that is for something else than whole pictures, and
    for a precision that it does not compute in.
    """
    loaded, descriptor = _load(path)
    if precision not in descriptor.precisions:
        raise ModelError(
            f"{descriptor.file} ({descriptor.architecture}) does not compute in {precision}. It does in "
            f"{', '.join(descriptor.precisions)}."
        )
    return ExternalNet(descriptor, loaded, torch.device(device), precision, tile)


def describe_external(path: str | Path) -> ExternalDescriptor:
    """Say what a net of others is; raises as `load_external` does. The whole file is read."""
    return _load(path)[1]


def _one_thread() -> None:
    """For a thread that is new: OpenMP counts threads for each of them."""
    torch.set_num_threads(1)


def _load(path: str | Path) -> tuple[Any, ExternalDescriptor]:
    checkpoint = read_checkpoint(path)
    if find_spec("spandrel") is None:
        raise ModelError(
            f"{path} is no net of reelfix, and nets of others need the package spandrel: "
            "pip install 'reelfix[external]'."
        )
    from spandrel import MAIN_REGISTRY, UnsupportedModelError

    file = checkpoint.path.name
    try:
        loaded = MAIN_REGISTRY.load(checkpoint.content)
    except UnsupportedModelError as error:
        raise ModelError(f"{file} is of no net that spandrel knows. Name another file.") from error
    except (RuntimeError, LookupError, ValueError, TypeError, AttributeError, AssertionError) as error:
        summary = " ".join(str(error).split())[:_MOST]
        raise ModelError(
            f"{file} does not fit the net that it looks like: {summary or type(error).__name__}. Fetch it "
            "again, or name another file."
        ) from error
    _check(file, loaded)
    return loaded, _described(file, checkpoint.sha256, loaded)


def _check(file: str, loaded: Any) -> None:
    if loaded.purpose in _REFUSED:
        raise ModelError(
            f"{file} is a net for {loaded.purpose} ({loaded.architecture.name}): {_REFUSED[loaded.purpose]}. "
            "Name one for restoration or super-resolution."
        )
    channels = (loaded.input_channels, loaded.output_channels)
    if channels not in ((1, 1), (3, 3)):
        raise ModelError(
            f"{file} takes {channels[0]} channels and gives {channels[1]}: it must be 1 and 1, or 3 and 3. "
            "Name another file."
        )


def _described(file: str, sha256: str, loaded: Any) -> ExternalDescriptor:
    from spandrel import ModelTiling

    precisions: list[Precision] = ["float32"]
    if loaded.supports_bfloat16:
        precisions.append("bfloat16")
    if loaded.supports_half:
        precisions.append("float16")
    needs = loaded.size_requirements
    return ExternalDescriptor(
        name=Path(file).stem,
        file=file,
        sha256=sha256,
        architecture=loaded.architecture.name,
        purpose=loaded.purpose,
        tags=tuple(loaded.tags),
        channels=loaded.input_channels,
        scale=loaded.scale,
        multiple=needs.multiple_of,
        minimum=needs.minimum,
        tiles=loaded.tiling is not ModelTiling.INTERNAL and not needs.square,
        precisions=tuple(precisions),
        parameters=sum(parameter.numel() for parameter in loaded.model.parameters()),
    )
