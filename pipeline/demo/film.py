"""The demo's film as files: the clean truth, and the damaged reel made of it, with sound."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from upath import UPath

from reelfix.io.clip_file import Sound, encode_clip
from reelfix.io.documents import write_bytes
from reelfix.io.pixel_format import PixelFormat
from reelfix.io.tags import PictureTags
from reelfix.pipeline.demo.reel import DemoFormat, draw_reel
from reelfix.pipeline.demo.sound import play
from reelfix.pipeline.errors import UsageError
from reelfix.restoration.damage import DamagedClip, DamageSettings, damage_clip

SEED = 1903


@dataclass(frozen=True)
class DemoFilm:
    """What was made, and all that is known of it."""

    format: DemoFormat
    source: UPath
    """The damaged reel, with sound."""
    truth_file: UPath
    """The clean one, without."""
    truth: torch.Tensor
    """float32 (T, 1, H, W) in [0, 1]: the clean film."""
    damage: DamagedClip
    """What was done to it. `frames` are before their rounding to code values; the file has them after it."""


def make_film(
    folder: UPath, film: DemoFormat, settings: DamageSettings | None = None, *, force: bool = False
) -> DemoFilm:
    """Draw the film, damage it, and write `demo.mkv` and `demo-truth.mkv` into `folder`.

    The files are the same at every run: those that are there already are left alone. Raises UsageError for a
    file of that name that is another, unless `force`.
    """
    truth = torch.from_numpy(draw_reel(film))
    damage = damage_clip(truth, settings or DamageSettings(), np.random.default_rng(SEED))
    source, truth_file = folder / "demo.mkv", folder / "demo-truth.mkv"
    contents = {
        truth_file: _encoded(truth, film, None, "reelfix demo: the truth"),
        source: _encoded(damage.frames, film, play(film), "reelfix demo"),
    }
    wanting = [path for path, content in contents.items() if force or not _is_there(path, content)]
    for path in wanting:
        write_bytes(path, contents[path])
    return DemoFilm(film, source, truth_file, truth, damage)


def _encoded(frames: torch.Tensor, film: DemoFormat, sound: Sound | None, title: str) -> bytes:
    pixel_format = PixelFormat.parse("gray" if film.depth == 8 else f"gray{film.depth}le")
    tags = PictureTags(color_range="pc", sample_aspect_ratio="1/1", field_order="progressive")
    planes = {"gray": _codes(frames, pixel_format)}
    return encode_clip(planes, pixel_format, film.rate, sound=sound, tags=tags, title=title)


def _codes(frames: torch.Tensor, pixel_format: PixelFormat) -> npt.NDArray[np.unsignedinteger]:
    """Frames (T, 1, H, W) in [0, 1] to code values (T, H, W)."""
    codes: npt.NDArray[np.unsignedinteger] = np.rint(frames[:, 0].numpy() * pixel_format.peak).astype(
        pixel_format.dtype
    )
    return codes


def _is_there(path: UPath, content: bytes) -> bool:
    """Whether `path` has this content already; raises UsageError where it has another."""
    if not path.exists():
        return False
    if path.read_bytes() != content:
        raise UsageError(
            f"{path} is there already, and is not what this version of the demo makes. "
            "Name another folder, or replace it with --force."
        )
    return True
