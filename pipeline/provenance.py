"""Sidecars of a master: its frames' digests, its own, and where every pixel of it comes from."""

import hashlib
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import av
from upath import UPath

from reelfix.io.carriage import Untaken
from reelfix.io.documents import read_json, write_json, write_text
from reelfix.io.errors import DeliveryError, StoreError
from reelfix.io.ffmpeg import ffmpeg_version
from reelfix.io.landing import Landing, file_sha256, files_of
from reelfix.io.master_check import Decoded
from reelfix.pipeline.colour_guides import ColourFacts, GuideChoice
from reelfix.pipeline.user_masks import UserMask, user_masks_of
from reelfix.restoration.net_record import net_record

if TYPE_CHECKING:
    from reelfix.pipeline.export_job import ExportJob, Piece

EDITED_BY_MODEL = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
"""IPTC's term for media edited by a trained model; stated only where one touched pixels."""

_LIBRARIES = (
    "numpy",
    "av",
    "zarr",
    "numcodecs",
    "torch",
    "torchvision",
    "opencv-python-headless",
    "safetensors",
    "spandrel",
)


@dataclass(frozen=True)
class Sidecars:
    """What lies beside a master."""

    paths: tuple[UPath, ...]
    sha256: str
    """Of the file; of an image sequence: of its SHA-256 sidecar."""


def sidecar_paths(target: UPath) -> dict[str, UPath]:
    """Return where a master's sidecars lie, by kind: provenance, sha256, framemd5."""
    return {
        kind: target.parent / f"{target.name}.{suffix}"
        for kind, suffix in (
            ("provenance", "provenance.json"),
            ("sha256", "sha256"),
            ("framemd5", "framemd5"),
        )
    }


def check_sidecars_free(target: UPath, *, force: bool) -> None:
    """Raise DeliveryError where a sidecar's name is taken by a file that no export of reelfix left."""
    paths = sidecar_paths(target)
    taken = [path for path in paths.values() if path.exists()]
    if force or not taken or _is_ours(paths["provenance"]):
        return
    raise DeliveryError(
        f"{taken[0]} exists, and is no sidecar of reelfix. Move it, or replace it with --force."
    )


def _is_ours(path: UPath) -> bool:
    """Whether a provenance sidecar is one: an export that was killed leaves it without its master."""
    try:
        content = read_json(path)
    except (FileNotFoundError, StoreError):
        return False
    return isinstance(content, dict) and "reelfix" in content


def write_sidecars(
    job: "ExportJob", landing: Landing, decoded: Decoded | None, pix_fmt: str, untaken: tuple[Untaken, ...]
) -> Sidecars:
    """Write the sidecars of finished work under its final name; the provenance first.

    `decoded` is None for a master that was not decoded again: it has no framemd5.
    """
    paths = sidecar_paths(landing.target)
    sums = "".join(_sum_line(landing, file.name, file_sha256(file)) for file in files_of(landing.work))
    sha256 = sums.split()[0] if not landing.is_folder else _text_sha256(sums)
    write_json(
        paths["provenance"],
        provenance(job, landing, sha256, pix_fmt, untaken, is_decoded=decoded is not None),
    )
    write_text(paths["sha256"], sums)
    if decoded is None:
        paths.pop("framemd5").unlink(missing_ok=True)
    else:
        write_text(paths["framemd5"], decoded.framemd5)
    extra = tuple(landing.target.parent / entry.sidecar for entry in untaken if entry.sidecar)
    return Sidecars((*paths.values(), *extra), sha256)


def _sum_line(landing: Landing, name: str, sha256: str) -> str:
    """One line as `sha256sum -c` takes it, run in the folder that the master lies in."""
    place = f"{landing.target.name}/{name}" if landing.is_folder else landing.target.name
    return f"{sha256}  {place}\n"


def _text_sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def provenance(
    job: "ExportJob",
    landing: Landing,
    sha256: str,
    pix_fmt: str,
    untaken: tuple[Untaken, ...],
    *,
    is_decoded: bool,
) -> dict[str, Any]:
    """Say all that a master depends on, and how it can be made and checked again."""
    user_masks = user_masks_of(job.reel)
    colour = ColourFacts.of(job.reel) if job.is_coloured else ColourFacts()
    shots = [_shot(piece, user_masks, colour) for piece in job.pieces]
    content: dict[str, Any] = {
        "reelfix": version("reelfix"),
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "master": _master(job, landing, sha256, pix_fmt, is_decoded=is_decoded),
        "source": job.reel.info.model_dump(mode="json", exclude={"version", "streams", "chapters"}),
        "streams": {
            "taken": [_stream(entry) for entry in job.carriage.taken],
            "restated": [_stream(entry) for entry in job.carriage.restated],
            "untaken": [entry.to_json() for entry in untaken],
        },
        "reel": str(job.reel.root),
        "shots": shots,
        "decisions": list(job.reel.decisions()),
        "tools": tools(),
    }
    if any(stage["learned_pixels"] for shot in shots if shot["restored"] for stage in shot["stages"]):
        content["digitalSourceType"] = EDITED_BY_MODEL
    return content


def _master(
    job: "ExportJob", landing: Landing, sha256: str, pix_fmt: str, *, is_decoded: bool
) -> dict[str, Any]:
    files = files_of(landing.work)
    converter = job.converter()
    return {
        "name": landing.target.name,
        "kind": "sequence" if landing.is_folder else "file",
        "sha256": sha256,
        "bytes": sum(file.stat().st_size for file in files),
        "files": len(files),
        "codec": job.codec.name,
        "encoder": job.codec.encoder,
        "encoder_options": job.codec.encoder_options(converter.source, converter.height, converter.width),
        "container": job.codec.container,
        "pixel_format": converter.target,
        "side_by_side": job.request.side_by_side,
        "frames": job.timeline.frame_count,
        "ranges": job.timeline.ranges,
        "pictures": _pictures(job) if landing.is_folder else None,
        "rate": job.reel.info.video.rate,
        "time_base": str(job.clock.time_base),
        "largest_rounding_seconds": float(job.clock.largest_rounding),
        "tags": converter.tags.known(),
        "framemd5_pixel_format": pix_fmt if is_decoded else None,
        "decoded_again": is_decoded,
        "equals_what_was_meant": is_decoded and job.codec.is_lossless,
    }


def _pictures(job: "ExportJob") -> dict[str, Any]:
    first = job.timeline.segments[0].start
    return {"stem": job.reel.name, "suffix": job.codec.suffix, "first": first}


def _shot(piece: "Piece", user_masks: Sequence[UserMask], facts: ColourFacts) -> dict[str, Any]:
    """The stages that a shot's frames went through, those not done included."""
    outcome = piece.outcome
    stages = []
    for entry in outcome.stages:
        stage = entry.task.make_stage()
        stages.append(
            {
                "stage": entry.task.stage,
                "version": stage.version,
                "settings": entry.task.settings,
                "weights": list(stage.weights),
                "models": [_model(*named) for named in zip(stage.models, stage.weights, strict=False)],
                "learned_pixels": bool(stage.weights) and bool({"frames", "chroma"}.intersection(stage.made)),
                "key": entry.task.key,
                "inputs": {source.product: source.key for source in entry.task.inputs},
                "made_on": entry.commit.device if entry.commit else None,
                "made_with": entry.commit.versions if entry.commit else None,
            }
        )
    colour = _colour(facts.choose(piece.outcome.shot)) if piece.has_chroma else {}
    return {
        "shot": outcome.shot.number,
        "frames": [piece.start, piece.stop],
        "of": [outcome.shot.start, outcome.shot.stop],
        "note": outcome.shot.note,
        "restored": piece.is_restored,
        **colour,
        "stages": stages,
        "user_masks": [
            {"name": mask.name, "plane": mask.plane, "frames": [mask.start, mask.stop], "sha256": mask.sha256}
            for mask in user_masks
            if mask.touches(outcome.shot)
        ],
    }


def _colour(choice: GuideChoice) -> dict[str, Any]:
    """What the colours of a shot were made after, besides the nets of its stages."""
    return {
        "coloured": True,
        "colour_hints": [asdict(point) for point in choice.points],
        "colour_references": [
            {"picture": entry.picture, "sha256": entry.sha256, "frame": entry.frame}
            for entry in choice.references
        ],
        "colour_exemplars": [entry.frame for entry in choice.exemplars],
        "colour_palette": {
            "picture": choice.palette.picture,
            "sha256": choice.palette.sha256,
            "strength": choice.palette.strength,
        }
        if choice.palette
        else None,
        "colour_saturation": choice.saturation,
    }


@cache
def _model(reference: str, sha256: str) -> dict[str, Any]:
    """What a net is, of that digest: a large file is read once, not for every shot."""
    return net_record(reference)


def _stream(stream: Any) -> dict[str, Any]:
    return {"index": stream.index, "kind": stream.kind, "codec": stream.codec, "metadata": stream.metadata}


def tools() -> dict[str, str]:
    """Return the versions of what had a part in the master."""
    found = {"python": platform.python_version(), "ffmpeg": ffmpeg_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    libraries = {name: ".".join(map(str, numbers)) for name, numbers in av.library_versions.items()}
    return {**found, **libraries}
