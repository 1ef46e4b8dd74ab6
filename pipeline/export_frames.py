"""The frames of a master: the source's planes, with the change that the stages made."""

from collections.abc import Iterator
from dataclasses import dataclass

from reelfix.io.frame_store import Planes
from reelfix.io.picture import picture_digest
from reelfix.pipeline.colour_planes import ColourPlanes
from reelfix.pipeline.export_job import ExportJob
from reelfix.pipeline.pixels import PixelMap

_BLOCK_BYTES = 32 * 2**20
_MOST_FRAMES = 32


@dataclass(frozen=True)
class FrameBlock:
    """Some neighbouring frames of a master."""

    before: Planes
    after: Planes
    digests: tuple[str, ...]
    """MD5 of each frame's planes, after."""

    @property
    def frame_count(self) -> int:
        """Number of frames."""
        return len(self.digests)

    def pictures(self, index: int, *, side_by_side: bool) -> tuple[Planes, ...]:
        """Return the frame's planes (H, W): as restored, or the source's and those."""
        shown = (self.before, self.after) if side_by_side else (self.after,)
        return tuple({name: values[index] for name, values in planes.items()} for planes in shown)


def frame_blocks(job: ExportJob) -> Iterator[FrameBlock]:
    """Read the job's frames in order: the source's planes, with the change that the stages made."""
    store = job.reel.store()
    info = job.reel.info
    pixel_map = PixelMap.of(info.video, is_monochrome=info.is_monochrome)
    colour = ColourPlanes.of(info.video, is_monochrome=info.is_monochrome) if job.is_coloured else None
    pixel_format = job.picture.pixel_format
    frame_bytes = pixel_format.frame_bytes(store.height, store.width)
    step = max(1, min(_MOST_FRAMES, _BLOCK_BYTES // frame_bytes))
    for piece in job.pieces:
        for start in range(piece.start, piece.stop, step):
            stop = min(start + step, piece.stop)
            before = after = store.read(start, stop)
            if piece.is_restored:
                ingested, restored = piece.outcome.read(start, stop)
                after = pixel_map.apply_change(before, ingested, restored)
                chroma = piece.outcome.chroma(start, stop) if piece.has_chroma else None
                if colour is not None and chroma is not None:
                    after = colour.coloured(after, chroma, restored)
            if colour is not None:
                before, after = colour.plain(before), colour.plain(after)
            digests = (
                picture_digest({name: values[index] for name, values in after.items()}, pixel_format)
                for index in range(stop - start)
            )
            yield FrameBlock(before, after, tuple(digests))
