"""Verify a master against its sidecars, and what of it was left alone against the reel."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from upath import UPath

from reelfix.io.documents import read_json
from reelfix.io.errors import SourceError, StoreError
from reelfix.io.landing import file_sha256, local_copy
from reelfix.io.master_check import Decoded, PictureSequence, decode_master, decoder_input
from reelfix.io.picture import picture_digest
from reelfix.io.pixel_format import PixelFormat
from reelfix.io.storage import Location, as_path
from reelfix.pipeline.colour_planes import ColourPlanes, colour_stream
from reelfix.pipeline.events import Emit, ExportProgress
from reelfix.pipeline.finding import Finding
from reelfix.pipeline.provenance import sidecar_paths
from reelfix.pipeline.reel import Reel

_PROGRESS_FRAMES = 32
_REMEDY = "Bring back a copy of the master that is whole, or export it again."


def verify_master(reel: Reel, master: Location, emit: Emit) -> list[Finding]:
    """Verify a master: its SHA-256, its framemd5 by the stock ffmpeg, its source, its untouched frames.

    What does not hold is a finding, never an exception.
    """
    path = as_path(master)
    if not path.exists():
        return [Finding(path.name, False, f"there is no master {path}. {_REMEDY}")]
    try:
        told = read_json(sidecar_paths(path)["provenance"])
        facts, source = told["master"], told["source"]["sha256"]
    except (FileNotFoundError, StoreError, KeyError, TypeError) as error:
        return [Finding(path.name, False, f"{path} has no provenance that can be read ({error}). {_REMEDY}")]
    findings = [_same_source(reel, path, source), *_sums(path)]
    if facts["framemd5_pixel_format"] is None:
        return [
            *findings,
            Finding(path.name, True, "was exported without being decoded again: it has no framemd5"),
        ]
    with local_copy(path) as local:
        findings += _frames(reel, path, local, told, emit)
    return findings


def _same_source(reel: Reel, path: UPath, source: str) -> Finding:
    if source != reel.info.sha256:
        message = f"was made from a source of SHA-256 {source}; this reel of {reel.info.sha256}"
        return Finding(path.name, False, message)
    return Finding(path.name, True, "was made from this reel's source")


def _sums(path: UPath) -> Iterator[Finding]:
    """The master's files against the sums that lie beside it."""
    try:
        lines = sidecar_paths(path)["sha256"].read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        yield Finding(path.name, False, f"has no SHA-256 beside it. {_REMEDY}")
        return
    sums = {name: sha256 for sha256, _, name in (line.partition("  ") for line in lines)}
    for name, sha256 in sums.items():
        file = path.parent / name
        found = file_sha256(file) if file.exists() else "no file"
        if found != sha256:
            yield Finding(path.name, False, f"{name} has SHA-256 {found}, must have {sha256}. {_REMEDY}")
            return
    extra = {f"{path.name}/{file.name}" for file in path.iterdir()} - set(sums) if path.is_dir() else set()
    if extra:
        yield Finding(path.name, False, f"{min(extra)} is no part of the master. Take it away.")
    else:
        yield Finding(
            path.name, True, f"{len(sums)} file{'s' * (len(sums) > 1)} with the SHA-256 noted at its export"
        )


def _frames(reel: Reel, path: UPath, local: Path, told: dict[str, Any], emit: Emit) -> Iterator[Finding]:
    facts = told["master"]
    total = facts["frames"]

    def progress(done: int) -> None:
        if done % _PROGRESS_FRAMES == 0 or done == total:
            emit(ExportProgress(str(reel), "check", done, total))

    try:
        decoded = decode_master(
            *decoder_input(local, _sequence(facts)), facts["framemd5_pixel_format"], progress=progress
        )
        noted = sidecar_paths(path)["framemd5"].read_text(encoding="utf-8")
    except (SourceError, FileNotFoundError) as error:
        yield Finding(path.name, False, f"its frames cannot be compared: {error}. {_REMEDY}")
        return
    difference = _first_difference(decoded, noted)
    if difference is not None:
        yield Finding(path.name, False, f"{difference}. {_REMEDY}")
        return
    yield Finding(path.name, True, f"{len(decoded.frames)} frames decode to the framemd5 noted at its export")
    has_untouched = any(not shot["restored"] for shot in told["shots"]) and facts["equals_what_was_meant"]
    if has_untouched and facts["framemd5_pixel_format"] == _pictures(reel, told).name:
        yield _untouched(reel, path, decoded, told)


def _pictures(reel: Reel, told: dict[str, Any]) -> PixelFormat:
    """The format of the master's pictures before they were encoded."""
    is_coloured = any(shot.get("coloured") for shot in told["shots"])
    video = reel.info.video
    return (colour_stream(video) if is_coloured else video).pixel_format


def _sequence(facts: dict[str, Any]) -> PictureSequence | None:
    pictures = facts["pictures"]
    if pictures is None:
        return None
    return PictureSequence(pictures["stem"], pictures["suffix"], pictures["first"], Fraction(facts["rate"]))


def _first_difference(decoded: Decoded, noted: str) -> str | None:
    """Compare frame by frame; the comment lines name versions, and may differ."""
    lines = [line for line in noted.splitlines() if line and not line.startswith("#")]
    if len(lines) != len(decoded.frames):
        return f"it has {len(decoded.frames)} frames, must have {len(lines)}"
    for number, (line, frame) in enumerate(zip(lines, decoded.frames, strict=True)):
        (before, digest), (now, found) = _time_and_digest(line), _time_and_digest(frame.line)
        if digest != found:
            return f"frame {number} decodes to {found}, must be {digest}"
        if before != now:
            return f"frame {number} is shown at {now}, must be {before}, in units of the file's clock"
    return None


def _time_and_digest(line: str) -> tuple[str, str]:
    fields = [field.strip() for field in line.split(",")]
    return fields[2], fields[5]


def _untouched(reel: Reel, path: UPath, decoded: Decoded, told: dict[str, Any]) -> Finding:
    """Frames that no stage changed against the reel's own: they must be the source's."""
    store, info = reel.store(), reel.info
    kept = _pictures(reel, told)
    colour = ColourPlanes.of(info.video, is_monochrome=info.is_monochrome)
    place = compared = 0
    for shot in told["shots"]:
        start, stop = shot["frames"]
        for frame in range(start, stop):
            if not shot["restored"]:
                planes = store.read(frame, frame + 1)
                if kept != store.pixel_format:
                    planes = colour.plain(planes)
                picture = {name: values[0] for name, values in planes.items()}
                if picture_digest(picture, kept) != decoded.frames[place].digest:
                    return Finding(
                        path.name, False, f"frame {place} is not frame {frame} of the source. {_REMEDY}"
                    )
                compared += 1
            place += 1
    return Finding(
        path.name, True, f"{compared} frames that no stage changed are the source's own, bit for bit"
    )
