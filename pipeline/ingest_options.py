"""How a source is to be ingested."""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class IngestOptions:
    """How a source is to be ingested."""

    fps: Fraction | None = None
    """Frames per second of an image sequence; a file has its own."""
    deinterlace: str | None = None
    """`bwdif`, or None: fields stay as they are."""
    ivtc: bool = False
    """Take 3:2 pulldown back: fieldmatch and decimate."""
    strict: bool = False
    """Stop at a damaged frame, or where the source breaks off, instead of going on with a record of it."""
    verify: bool = True
    """Hold the whole store against the source by framemd5 before the reel counts as whole."""
    force: bool = False
    """Ingest anew, over a reel that is whole or one begun otherwise."""
    monochrome: bool | None = None
    """Whether stages work on one channel; None: measured."""
    allow_lossy: bool = False
    """Take floating-point pictures, rounded to 16 bits."""
    detect_shots: bool = True
    thread_count: int | None = None
    """Threads for decoding and for compressing; None: as many as there are cores."""
