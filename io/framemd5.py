"""framemd5: one MD5 a frame, as the stock ffmpeg computes it of a source and as we compute it of a store."""

import hashlib
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from reelfix.io.decoder_log import listen
from reelfix.io.errors import StoreError
from reelfix.io.ffmpeg import run_ffmpeg
from reelfix.io.filters import Filters
from reelfix.io.frame_store import FrameStore, Planes
from reelfix.io.frames import FrameReader
from reelfix.io.pixel_format import store_path
from reelfix.io.planes import FramePlanes
from reelfix.io.probe import is_intra_only, probe
from reelfix.io.source_info import SourceInfo
from reelfix.io.sources import Source

_FRAMES_AT_ONCE = 8
# swscale would drop alpha from some formats by way of another colour space.
_FIRST_PLANES = "mergeplanes=map0s=0:map0p=0:map1s=0:map1p=1:map2s=0:map2p=2"


@dataclass(frozen=True)
class FrameDigest:
    """One line of a framemd5."""

    pts: int
    md5: str
    """Hex, of the frame's planes one after the other, each row by row without padding."""


def source_digests(source: Source, info: SourceInfo) -> Generator[FrameDigest]:
    """Yield the framemd5 that the stock ffmpeg computes of the source's picture stream, frame by frame.

    No pixel format is asked for unless the store keeps a reordered equivalent (packed, palette, big-endian or
    with alpha). Raises SourceError where ffmpeg fails.
    """
    output: dict[str, str | None] = {
        "map": f"0:{info.video.index}",
        "fps_mode": "passthrough",
        "enc_time_base": "demux",
        "copyts": None,
        "f": "framemd5",
    }
    path = store_path(info.video.pix_fmt)
    if path.planar_with_alpha is not None:
        without_alpha = f"format={path.planar_with_alpha},{_FIRST_PLANES}:format={path.format.name}"
        output |= {"vf": without_alpha, "enc_time_base": "filter"}
    elif not path.is_direct:
        output["pix_fmt"] = path.format.name
    # A player would turn the picture as its display matrix says; the film's frames lie as they are coded.
    options: dict[str, str | None] = {"noautorotate": None, **source.command_options}
    if info.damaged:
        # With threads, concealment draws on what happens to be decoded; see `io/decode.py`.
        options |= {"thread_type": "slice"} if is_intra_only(info.video.codec) else {"threads": "1"}
    with run_ffmpeg(source.url, options, "pipe:", output) as running:
        for line in running.lines():
            if not line.startswith("#"):
                fields = [field.strip() for field in line.split(",")]
                yield FrameDigest(int(fields[2]), fields[5])
        running.finish()


def filtered_digests(source: Source, info: SourceInfo) -> Generator[FrameDigest]:
    """Yield the MD5 of the source's frames, decoded and filtered anew.

    By our own libraries: from one version of ffmpeg to the next a filter may give other bits, a decoder
    may not.
    """
    assert info.filters is not None
    with listen() as log:
        reader = FrameReader(
            probe(source), filters=Filters(info.filters), threads=None, strict=False, log=log
        )
        for frame in reader.frames():
            yield FrameDigest(frame.pts, _md5(frame.planes))


def store_digests(store: FrameStore) -> Iterator[FrameDigest]:
    """Yield the framemd5 of a frame store. Raises StoreError, naming the frame, where a shard is damaged."""
    pts = store.pts

    def read(start: int) -> Planes:
        stop = min(start + _FRAMES_AT_ONCE, store.frame_count)
        try:
            return store.read(start, stop)
        except (ValueError, RuntimeError, OSError) as error:
            raise _unreadable(store, start, stop) or error from error

    with ThreadPoolExecutor(1, thread_name_prefix="read ahead") as ahead:
        following = ahead.submit(read, 0)
        for start in range(0, store.frame_count, _FRAMES_AT_ONCE):
            planes = following.result()
            if start + _FRAMES_AT_ONCE < store.frame_count:
                following = ahead.submit(read, start + _FRAMES_AT_ONCE)
            for index, time in enumerate(pts[start : start + _FRAMES_AT_ONCE]):
                frame = {name: planes[name][index] for name in store.pixel_format.planes}
                yield FrameDigest(int(time), _md5(frame))


def _unreadable(store: FrameStore, start: int, stop: int) -> StoreError | None:
    """Find the first of the frames that cannot be read."""
    for number in range(start, stop):
        try:
            store.read(number, number + 1)
        except (ValueError, RuntimeError, OSError) as error:
            return StoreError(
                f"frame {number} (pts {store.pts[number]}) cannot be read from the store: {error}"
            )
    return None


def _md5(planes: FramePlanes) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    for values in planes.values():
        digest.update(np.ascontiguousarray(values).data)
    return digest.hexdigest()


@dataclass(frozen=True)
class Comparison:
    """What was found when a store was held against its source."""

    frames: int
    """Frames of the store that were compared."""
    difference: str | None
    """The first frame that differs, by number, pts and both digests; None where none does."""
    concealed: int = 0
    """Frames that differ and are recorded as damaged: neither side has the film's own picture."""


def compare(store: FrameStore, source: Source, info: SourceInfo) -> Iterator[int | Comparison]:
    """Hold a store against its source; yields the number of frames compared so far, and last the outcome.

    A frame that stands for a lost one is not in the source's framemd5; one concealed by the decoder may
    differ where another version of ffmpeg conceals otherwise.
    """
    damaged = {frame.frame: frame for frame in info.damaged}
    theirs = source_digests(source, info) if info.filters is None else filtered_digests(source, info)
    concealed = moved = number = 0
    difference: str | None = None
    try:
        for number, ours in enumerate(store_digests(store)):
            record = damaged.get(number)
            if record is not None and record.concealed_by == "repeat" and info.filters is None:
                concealed += 1
                continue
            other = next(theirs, None)
            if other is None:
                difference = f"the source ends before frame {number} (pts {ours.pts}), the store does not"
            elif ours.md5 != other.md5 and record is None:
                difference = (
                    f"frame {number} (pts {ours.pts}) has MD5 {ours.md5} in the store, "
                    f"{other.md5} in the source"
                )
            elif ours.pts != other.pts and moved == info.times_mended:
                difference = (
                    f"frame {number} is shown at pts {ours.pts} in the store, {other.pts} in the source"
                )
            if difference is not None or other is None:
                break
            concealed += ours.md5 != other.md5
            moved += ours.pts != other.pts
            yield number + 1
        extra = next(theirs, None) if difference is None else None
        if extra is not None:
            difference = (
                f"the source goes on at pts {extra.pts}, the store ends with {store.frame_count} frames"
            )
    except StoreError as error:
        difference = str(error)
    finally:
        theirs.close()
    yield Comparison(store.frame_count if difference is None else number, difference, concealed)
