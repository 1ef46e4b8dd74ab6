"""Cuts, dissolves and fades found in reels with known ones, beside PySceneDetect's detectors."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import click
import cv2
import numpy as np
from scenedetect.common import FrameTimecode
from scenedetect.detector import SceneDetector
from scenedetect.detectors import AdaptiveDetector, ContentDetector

from reelfix.bin.benchmarks._shot_reels import CutReel, make_reel, read_pieces
from reelfix.pipeline.evaluation.clips import ClipPart, clip_paths
from reelfix.pipeline.shot_detection import find_transitions, min_shot_frames
from reelfix.pipeline.shot_detection_pictures import detail_of, shrunk
from reelfix.pipeline.shots import Transition

_RATE = 24.0
_NEAR = 1
"""Frames that a cut may lie off."""
_ASIDE = 4
"""Frames that a dissolve or a fade may be missed by."""

Found = tuple[Transition, ...]


def reelfix(reel: CutReel) -> Found:
    """Find transitions as ingest does."""
    pictures = (detail_of(shrunk(frame) / np.float32(255)) for frame in reel.frames)
    return find_transitions(pictures, min_shot_frames(_RATE))


def scenedetect(make: Callable[[], SceneDetector]) -> Callable[[CutReel], Found]:
    """One of PySceneDetect's detectors as it comes: all it finds are cuts."""

    def find(reel: CutReel) -> Found:
        detector = make()
        frames: list[int] = []
        for number, frame in enumerate(reel.frames):
            cuts = detector.process_frame(FrameTimecode(number, fps=_RATE), cv2.merge([frame] * 3))
            frames.extend(cut.frame_num for cut in cuts)
        frames.extend(cut.frame_num for cut in detector.post_process(FrameTimecode(number, fps=_RATE)))
        return tuple(Transition("cut", cut, cut, cut) for cut in frames)

    return find


_METHODS: dict[str, Callable[[CutReel], Found]] = {
    "reelfix": reelfix,
    "AdaptiveDetector": scenedetect(AdaptiveDetector),
    "ContentDetector": scenedetect(ContentDetector),
}


@dataclass
class Score:
    """Right ones, false ones, missed ones."""

    right: int = 0
    false: int = 0
    missed: int = 0
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        precision = self.right / max(self.right + self.false, 1)
        recall = self.right / max(self.right + self.missed, 1)
        f1 = 2 * self.right / max(2 * self.right + self.false + self.missed, 1)
        return f"precision {precision:.3f}  recall {recall:.3f}  F1 {f1:.3f}"


@click.command()
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--part", type=click.Choice(["tune", "held-out"]), default="tune", show_default=True)
@click.option("--films", is_flag=True, help="Old films among the clips as well.")
@click.option("--reels", default=6, show_default=True)
@click.option("--shots", default=24, show_default=True, help="Shots to a reel.")
@click.option("--seed", default=0, show_default=True)
@click.option("--faults", is_flag=True, help="List what reelfix has wrong.")
def command(data: Path, part: ClipPart, films: bool, reels: int, shots: int, seed: int, faults: bool) -> None:
    """Precision, recall and F1 of cuts and of dissolves, fades found, with 30 % flicker, dirt and weave."""
    cv2.setNumThreads(1)
    paths = list(clip_paths(data / "clips", part).values())
    paths += sorted((data / "films").iterdir()) if films else []
    clips = [pieces for pieces in map(read_pieces, paths) if pieces]
    made = [make_reel(clips, shots, np.random.default_rng([seed, number])) for number in range(reels)]
    frames = sum(len(reel.frames) for reel in made)
    click.echo(f"{reels} reels, {frames} frames, " + ", ".join(_counts(made)))
    for name, find in _METHODS.items():
        scores = {"cuts": Score(), "dissolves": Score(), "fades": Score()}
        begun = time.process_time()
        found = [find(reel) for reel in made]
        seconds = time.process_time() - begun
        for number, (reel, transitions) in enumerate(zip(made, found, strict=True)):
            _judge(reel.transitions, transitions, scores, f"reel {number}")
        for kind, score in scores.items():
            click.echo(f"{name:18} {kind:10} {score}")
        click.echo(f"{name:18} {frames / seconds:.0f} frames/s of one processor, at 320 x 240")
        for score in scores.values() if faults and name == "reelfix" else ():
            for note in score.notes:
                click.echo(f"  {note}")


def _counts(reels: Iterable[CutReel]) -> list[str]:
    kinds = [transition.kind for reel in reels for transition in reel.transitions]
    return [f"{kinds.count(kind)} {kind}s" for kind in ("cut", "dissolve", "fade")]


def _judge(known: Found, found: Found, scores: dict[str, Score], where: str) -> None:
    """Match what was found with what there is.

    What is found within a dissolve or a fade, of whatever kind, finds it, once. All else that is found is a
    cut, right or false, or where it says that it is a dissolve or a fade, a false one.
    """
    left = list(found)
    for kind in ("dissolve", "fade"):
        score = scores[f"{kind}s"]
        for true in (each for each in known if each.kind == kind):
            hits = [each for each in left if true.start - _ASIDE <= each.cut <= true.stop + _ASIDE]
            left = [each for each in left if each not in hits]
            score.right += bool(hits)
            score.missed += not hits
            score.false += max(len(hits) - 1, 0)
            if len(hits) != 1:
                score.notes.append(f"{where}: {true} found as {hits}")
    for true in (each for each in known if each.kind == "cut"):
        hits = [each for each in left if abs(each.cut - true.cut) <= _NEAR]
        left = [each for each in left if each not in hits]
        scores["cuts"].right += bool(hits)
        scores["cuts"].missed += not hits
        if not hits:
            scores["cuts"].notes.append(f"{where}: {true} missed")
    for each in left:
        scores[f"{each.kind}s"].false += 1
        scores[f"{each.kind}s"].notes.append(f"{where}: {each} is none")
