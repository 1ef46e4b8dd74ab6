"""Guides of colour as arrays: the form in which all that a stage reads comes to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import torch

    from reelfix.restoration.colour.film_colours import FilmColours
    from reelfix.restoration.colour.guides import Guides, Point

Arrays = dict[str, npt.NDArray[Any]]

_NO_FRAME = -1
_KINDS: Final = ("none", "tint", "natural")


def pack_guides(guides: Guides, frame_count: int) -> Arrays:
    """Turn guides into arrays, the first of which has one entry for every frame of the shot."""
    arrays: Arrays = {"guides": np.zeros(frame_count, np.uint8), "points": _points(guides.points)}
    for place, reference in enumerate(guides.references):
        arrays[f"reference {place}"] = reference.rgb.numpy()
        arrays[f"reference {place} frame"] = _frame(reference.frame)
    for place, exemplar in enumerate(guides.exemplars):
        arrays[f"exemplar {place}"] = exemplar.luma.numpy()
        arrays[f"exemplar {place} frame"] = _frame(exemplar.frame)
        arrays[f"exemplar {place} points"] = _points(exemplar.points)
        if exemplar.reference is not None:
            arrays[f"exemplar {place} reference"] = exemplar.reference.numpy()
    if guides.palette is not None:
        arrays["palette"] = guides.palette.histogram.numpy()
        facts = [guides.palette.saturation, guides.palette.strength]
        arrays["palette facts"] = np.array(facts, np.float64)
    if guides.mean_saturation is not None:
        arrays["mean saturation"] = np.array([guides.mean_saturation], np.float64)
    return arrays


def unpack_guides(arrays: Arrays, device: torch.device) -> Guides:
    """Turn the arrays of `pack_guides` back; pictures are on `device`."""
    import torch

    from reelfix.restoration.colour.guides import Exemplar, Guides, Point, Reference
    from reelfix.restoration.colour.palette import Palette

    def points(name: str) -> tuple[Point, ...]:
        rows = arrays[name].tolist()
        return tuple(
            Point(round(frame), x, y, (red, green, blue), radius)
            for frame, x, y, red, green, blue, radius in rows
        )

    def picture(name: str) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(arrays[name])).to(device)

    def frame(name: str) -> int | None:
        number = int(arrays[name][0])
        return None if number == _NO_FRAME else number

    references = [name.removesuffix(" frame") for name in arrays if _is_frame(name, "reference")]
    exemplars = [name.removesuffix(" frame") for name in arrays if _is_frame(name, "exemplar")]
    palette = None
    if "palette" in arrays:
        palette = Palette(picture("palette"), *arrays["palette facts"].tolist())
    return Guides(
        points=points("points"),
        references=tuple(Reference(picture(name), frame(f"{name} frame")) for name in references),
        exemplars=tuple(
            Exemplar(
                picture(name),
                frame(f"{name} frame"),
                points(f"{name} points"),
                picture(f"{name} reference") if f"{name} reference" in arrays else None,
            )
            for name in exemplars
        ),
        palette=palette,
        mean_saturation=float(arrays["mean saturation"][0]) if "mean saturation" in arrays else None,
    )


def pack_film_colours(colours: FilmColours, frame_count: int) -> Arrays:
    """Turn a shot's own colours into arrays, the first of which has one entry for every frame."""
    tint = colours.tint
    curve = np.array(tint.curve if tint else (), np.float64).reshape(-1, 2)
    facts = [tint.explained, tint.red_weight, tint.blue_weight] if tint else []
    kind = np.array([_KINDS.index(colours.kind)], np.uint8)
    return {
        "frames": np.zeros(frame_count, np.uint8),
        "kind": kind,
        "curve": curve,
        "facts": np.array(facts, np.float64),
    }


def unpack_film_colours(arrays: Arrays, device: torch.device) -> FilmColours:
    """Turn the arrays of `pack_film_colours` back."""
    from reelfix.restoration.colour.film_colours import FilmColours
    from reelfix.restoration.colour.tint import Tint

    tint = None
    if len(arrays["curve"]):
        tint = Tint(tuple((a, b) for a, b in arrays["curve"].tolist()), *arrays["facts"].tolist())
    return FilmColours(_KINDS[int(arrays["kind"][0])], tint)


def _points(points: tuple[Point, ...]) -> npt.NDArray[np.float64]:
    """One row for each: frame, x, y, red, green, blue, radius."""
    rows = [[point.frame, point.x, point.y, *point.rgb, point.radius] for point in points]
    return np.array(rows, np.float64).reshape(len(points), 7)


def _frame(frame: int | None) -> npt.NDArray[np.int64]:
    return np.array([_NO_FRAME if frame is None else frame], np.int64)


def _is_frame(name: str, kind: str) -> bool:
    return name.startswith(f"{kind} ") and name.endswith(" frame")
