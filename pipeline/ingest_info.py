"""What an ingest found, put into words: the content of `reel.json`."""

from collections.abc import Iterator
from fractions import Fraction
from importlib.metadata import version

import av
import numpy as np

from reelfix.io.errors import SourceError
from reelfix.io.ffmpeg import ffmpeg_version
from reelfix.io.neutrality import MOST_COLOURED, TOLERANCE
from reelfix.io.source_info import Interlace, SourceInfo, VideoStream
from reelfix.pipeline.ingest_job import IngestJob
from reelfix.pipeline.ingest_journal import Tally


def describe_source(job: IngestJob, tally: Tally, sha256: str, interlace: Interlace) -> SourceInfo:
    """Put together all that is known of a source whose frames are stored.

    Nothing in it depends on when or how often the ingest was stopped. Raises SourceError where the source
    breaks off and the options are strict.
    """
    probe = job.probe
    end = job.journal.end or {}
    video = _video(job, tally, str(end.get("time_base", probe.video.time_base)))
    is_monochrome, why = _monochrome(job, tally)
    _refuse_missing_pictures(job, tally)
    early = list(_end_notices(job, tally, bool(end.get("ended_early"))))
    if early and job.options.strict:
        raise SourceError(f"{probe.source.path}: {early[0]}. Ingest without --strict to keep what there is.")
    return SourceInfo(
        path=probe.source.path,
        kind=probe.source.kind,
        size=probe.source.size,
        sha256=sha256,
        container=probe.container,
        video=video,
        streams=probe.streams,
        chapters=probe.chapters,
        metadata=probe.metadata,
        timecode=probe.timecode,
        frame_count=len(tally.pts),
        is_monochrome=is_monochrome,
        interlace=interlace,
        damaged=tuple(tally.damaged),
        times_mended=tally.missing_times + tally.moved_times,
        filters=job.filters.chain if job.filters else None,
        notices=(*probe.notices, why, *early, *_frame_notices(job, tally, video, interlace)),
        tools=_tools(),
    )


def _refuse_missing_pictures(job: IngestJob, tally: Tally) -> None:
    source = job.probe.source
    if source.kind == "sequence" and job.filters is None and len(tally.pts) != len(source.files):
        raise SourceError(
            f"{source.path} has {len(source.files)} pictures, but {len(tally.pts)} could be read; the last "
            f"is {source.files[len(tally.pts) - 1]}. See that the next can be read, then ingest with --force."
        )


def _video(job: IngestJob, tally: Tally, time_base: str) -> VideoStream:
    video = job.probe.video
    rate = video.rate_fraction * (job.filters.rate_factor if job.filters else 1)
    return video.model_copy(
        update={
            "rate": str(rate),
            "time_base": time_base,
            "is_vfr": _is_variable(tally.pts, rate, Fraction(time_base)),
            "field_order": "progressive" if job.filters else video.field_order,
        }
    )


def _is_variable(pts: list[int], rate: Fraction, time_base: Fraction) -> bool:
    """Whether a frame is shown half a frame or more beside its place at the given rate."""
    times = np.array(pts, dtype=np.float64)
    step = float(1 / (rate * time_base))
    places = times[0] + np.arange(len(times)) * step
    return bool(np.abs(times - places).max() > max(1.0, step / 2))


def _monochrome(job: IngestJob, tally: Tally) -> tuple[bool, str]:
    pixel_format = job.probe.store.format
    if job.options.monochrome is not None:
        kind = "monochrome" if job.options.monochrome else "colour"
        return job.options.monochrome, f"treated as {kind}: asked for"
    if pixel_format.planes == ("gray",):
        return True, f"treated as monochrome: its pixel format is {pixel_format.name}"
    is_monochrome = tally.coloured <= MOST_COLOURED
    return is_monochrome, (
        f"treated as {'monochrome' if is_monochrome else 'colour'}: at most {tally.coloured:.2%} of "
        f"a frame's samples lie further than {TOLERANCE * 255:.0f}/255 from neutral (monochrome up to "
        f"{MOST_COLOURED:.1%}, measured over all frames)"
    )


def _end_notices(job: IngestJob, tally: Tally, ended_early: bool) -> Iterator[str]:
    probe = job.probe
    if job.filters is None and probe.declared_stop is not None:
        video = probe.video
        step = 1 / (video.rate_fraction * video.time_base_fraction)
        missing = round((probe.declared_stop - tally.pts[-1]) / step) - 1
        if missing > max(1, len(tally.pts) // 100):
            seconds = float((tally.pts[-1] + step) * video.time_base_fraction)
            yield (
                f"the source ends early: the container declares about {missing} frames more than the "
                f"{len(tally.pts)} there are (its picture ends at {seconds:.2f} s); it is probably cut short"
            )
            return
    if ended_early:
        yield f"the source breaks off: its data end in the middle, after {len(tally.pts)} frames"


def _frame_notices(job: IngestJob, tally: Tally, video: VideoStream, interlace: Interlace) -> Iterator[str]:
    if tally.damaged:
        repeats = sum(frame.concealed_by == "repeat" for frame in tally.damaged)
        first = tally.damaged[0]
        how_many = _frames(len(tally.damaged), "damaged")
        yield (
            f"{how_many}, {repeats} of them lost and shown as the frame before; "
            f"the first is frame {first.frame} (pts {first.pts}): {first.reason}"
        )
    if tally.after_damage:
        yield f"{_frames(tally.after_damage)} after damaged ones, up to the next key frame, may show traces"
    if tally.missing_times:
        yield f"{_frames(tally.missing_times)} without a time in the source: theirs follows from the rate"
    if tally.moved_times:
        yield f"{_frames(tally.moved_times)} with a time not after the frame before: moved one unit behind it"
    if video.rotation:
        yield f"players turn the picture by {video.rotation} degrees; frames are kept as coded, not turned"
    if video.is_vfr:
        yield "the frame rate varies: times are kept as they are"
    if job.filters is not None:
        yield f"frames are not as decoded but as filtered, on request: {job.filters.chain}"
    elif interlace.verdict not in ("progressive", "undetermined"):
        remedy = "--ivtc" if interlace.verdict == "telecined" else "--deinterlace bwdif"
        yield f"the picture looks {interlace.verdict}: kept as it is ({remedy} on request)"


def _frames(count: int, kind: str = "") -> str:
    return " ".join(filter(None, (str(count), kind, "frame" if count == 1 else "frames")))


def _tools() -> dict[str, str]:
    libraries = {name: ".".join(map(str, number)) for name, number in av.library_versions.items()}
    return {
        "reelfix": version("reelfix"),
        "pyav": av.__version__,
        "libavcodec": libraries["libavcodec"],
        "libavformat": libraries["libavformat"],
        "libswscale": libraries["libswscale"],
        "ffmpeg": ffmpeg_version(),
        "zarr": version("zarr"),
    }
