"""Reading what is told of a shot's colours: exemplars from the frame store, references from their files."""

import hashlib

import numpy as np
import numpy.typing as npt
import torch

from reelfix.pipeline.colour_guides import ColourFacts, GuideChoice
from reelfix.pipeline.colour_hints import FOLDER, PointHint, ReferenceHint
from reelfix.pipeline.errors import ReelError
from reelfix.pipeline.guide_arrays import pack_guides
from reelfix.pipeline.palette_hints import PaletteHint
from reelfix.pipeline.products import Arrays
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.reference_pictures import decoded_rgb, within
from reelfix.pipeline.shots import Shot
from reelfix.pipeline.source_frames import SourceFrames
from reelfix.restoration.colour.guides import Exemplar, Guides, Point, Reference
from reelfix.restoration.colour.palette import palette_of


class GuideFrames:
    """What is told of a shot's colours, read once, for the whole shot whatever is asked for."""

    def __init__(self, reel: Reel, shot: Shot, key: str) -> None:
        choice = ColourFacts.of(reel).choose(shot)
        if choice.key != key:
            raise ReelError(f"the hints in {reel.root / FOLDER} were changed meanwhile. Run it again.")
        self._arrays = pack_guides(read_guides(reel, choice), shot.frame_count)

    def read(self, start: int, stop: int) -> Arrays:
        """Return the guides as `guide_arrays.pack_guides` has them."""
        return self._arrays


def read_guides(reel: Reel, choice: GuideChoice) -> Guides:
    """Read all pictures of a choice; raises ReelError for one that is not what was planned with.

    Exemplars are as tones: black 0 and white 1, whatever the range of the source's code values.
    """
    shot, longest = choice.shot, max(reel.clip.height, reel.clip.width)

    def own(frame: int) -> int | None:
        return frame - shot.start if shot.start <= frame < shot.stop else None

    def picture(reference: ReferenceHint | PaletteHint) -> torch.Tensor:
        path = reel.root / FOLDER / reference.picture
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != reference.sha256:
            raise ReelError(f"{path} was changed meanwhile. Run it again.")
        rgb = within(decoded_rgb(content, str(path)), longest)
        return torch.from_numpy(np.ascontiguousarray(rgb.transpose(2, 0, 1)))  # 3xhxw

    return Guides(
        points=tuple(_point(point, shot.start) for point in choice.points),
        references=tuple(
            Reference(picture(entry), None if entry.frame is None else own(entry.frame))
            for entry in choice.references
        ),
        exemplars=tuple(
            Exemplar(
                torch.from_numpy(tones_of(reel, entry.frame)),
                own(entry.frame),
                tuple(_point(point, entry.frame) for point in entry.points),
                picture(entry.colouring) if entry.colouring else None,
            )
            for entry in choice.exemplars
        ),
        palette=palette_of(picture(choice.palette), choice.palette.strength) if choice.palette else None,
        mean_saturation=choice.saturation,
    )


def tones_of(reel: Reel, frame: int) -> npt.NDArray[np.float32]:
    """Return the luma of one of the reel's frames as ingested, (1, H, W) float32, black 0 and white 1."""
    clip = reel.clip
    source = SourceFrames(reel, Shot(1, frame, frame + 1))
    codes = source.read(0, 1)["frames"][0].astype(np.float32) / np.float32(65535)  # CxHxW
    if clip.channels == 3:
        weights = [clip.red_weight, 1 - clip.red_weight - clip.blue_weight, clip.blue_weight]
        codes = np.tensordot(np.array(weights, np.float32), codes, axes=1)[None]
    tones = (codes - np.float32(clip.black)) / np.float32(clip.white - clip.black)
    return np.asarray(np.clip(tones, 0, 1), dtype=np.float32)


def _point(point: PointHint, first: int) -> Point:
    """A hint as the net's side counts: from the frame `first`, at the middle of its pixel."""
    return Point(point.frame - first, point.x + 0.5, point.y + 0.5, point.rgb, point.radius)
