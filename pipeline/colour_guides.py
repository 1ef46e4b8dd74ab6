"""What is told of a shot's colours: its hints, its scene's, and the frames that stand for the scene.

All of it follows from the reel's files of hints, scenes and shots, no picture is read: it is part of a key.
Every shot of a scene gets the same exemplars in the same order, and so the same colours in them.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from reelfix.pipeline.colour_hints import ColourHints, PointHint, ReferenceHint
from reelfix.pipeline.hint_files import hints_of
from reelfix.pipeline.palette_hints import PaletteHint
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.scenes import Scene, middle_of, scene_of, scenes_of
from reelfix.pipeline.shots import Shot

FILM_COLOURS_KEY = hashlib.sha256(b"film colours 1").hexdigest()
"""Of what colours a shot has of its own: they follow of the source and the shot, which all keys have."""
_EXEMPLARS = 4
"""Of a scene at most: each costs time at every key frame of every shot."""


@dataclass(frozen=True)
class ExemplarChoice:
    """One of the reel's frames that a shot is coloured after, and what is told of it."""

    frame: int
    points: tuple[PointHint, ...]
    colouring: ReferenceHint | None


@dataclass(frozen=True)
class GuideChoice:
    """All that is told of one shot's colours."""

    shot: Shot
    points: tuple[PointHint, ...]
    """Those on the shot's own frames."""
    references: tuple[ReferenceHint, ...]
    """Colourings of the shot's own frames, and pictures of anything for any shot of its scene."""
    exemplars: tuple[ExemplarChoice, ...]
    palette: PaletteHint | None = None
    """Its own, or else the first of its scene."""
    saturation: float | None = None
    """Likewise."""

    @property
    def key(self) -> str:
        """SHA-256 of all of it; no shot's number, nor the name of a file, is part of it."""
        content: dict[str, Any] = {
            "version": 1,
            "points": [_point(point) for point in self.points],
            "references": [[entry.frame, entry.sha256] for entry in self.references],
            "exemplars": [
                [
                    entry.frame,
                    [_point(point) for point in entry.points],
                    entry.colouring.sha256 if entry.colouring else None,
                ]
                for entry in self.exemplars
            ],
        }
        if self.palette is not None:
            content["palette"] = [self.palette.sha256, self.palette.strength]
        if self.saturation is not None:
            content["saturation"] = self.saturation
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


@dataclass(frozen=True)
class ColourFacts:
    """What a reel's files say of the colours of all its shots."""

    shots: tuple[Shot, ...] = ()
    hints: ColourHints = field(default_factory=ColourHints)
    scenes: tuple[Scene, ...] = ()
    damaged: frozenset[int] = frozenset()
    """Frames that the source could not give whole: none of them stands for a scene."""

    @classmethod
    def of(cls, reel: Reel) -> "ColourFacts":
        """Read them; raises UsageError for a file that is not as it must be."""
        damaged = frozenset(frame.frame for frame in reel.info.damaged)
        return cls(reel.shots(), hints_of(reel), scenes_of(reel), damaged)

    def choose(self, shot: Shot) -> GuideChoice:
        """Choose what the colours of a shot are made after."""
        scene = scene_of(self.scenes, shot)
        group = (shot,) if scene is None else scene.shots(self.shots)
        hints = [self.hints.of(member) for member in group]
        told = sorted({frame for entry in hints for frame in entry.frames})
        own = self.hints.of(shot)
        frames = told if scene is None else _spread(told, _EXEMPLARS)
        if scene is not None:
            keys = [member.key for member in scene.members if member.key not in frames]
            frames += _spread(keys, _EXEMPLARS - len(frames))
        # A frame that has points is an exemplar of its own shot in any case.
        frames += [frame for frame in own.frames if frame not in frames]
        if not frames:
            frames = [middle_of(shot, self.damaged)]
        palettes = (*own.palettes, *(palette for told in hints for palette in told.palettes))
        saturations = (*own.saturations, *(entry for told in hints for entry in told.saturations))
        return GuideChoice(
            shot,
            own.points,
            (
                *(entry for entry in own.references if entry.frame is not None),
                *_unique(entry for told in hints for entry in told.references if entry.frame is None),
            ),
            tuple(
                ExemplarChoice(frame, self.hints.points_on(frame), self.hints.colouring_of(frame))
                for frame in frames
            ),
            palettes[0] if palettes else None,
            saturations[0].value if saturations else None,
        )


def _point(point: PointHint) -> list[Any]:
    return [point.frame, point.x, point.y, point.color, point.radius]


def _unique(references: Any) -> list[ReferenceHint]:
    """Each picture once: two shots of a scene may have been given the same."""
    return list({entry.sha256: entry for entry in references}.values())


def _spread(frames: Sequence[int], count: int) -> list[int]:
    """Take `count` frames at most, evenly, the first and the last among them."""
    if len(frames) <= count:
        return list(frames)
    if count <= 1:
        return [frames[len(frames) // 2]][:count]
    return [frames[round(place * (len(frames) - 1) / (count - 1))] for place in range(count)]
