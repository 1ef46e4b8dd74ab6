"""Scenes: found, edited, kept with their frames, and of one opinion on every shot."""

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from reelfix.io.frame_store import FrameStore
from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.scenes import (
    Member,
    Scene,
    has_scenes,
    joined,
    middle_of,
    parted,
    scene_of,
    scenes_of,
    write_scenes,
)
from reelfix.pipeline.scenes_detection import detect_scenes, grouped
from reelfix.pipeline.scenes_likeness import coarse_likenesses, even_picture, likeness
from reelfix.pipeline.shots import Shot
from reelfix.pipeline.spans import Span

MakeReel = Callable[..., Reel]
FIVE = tuple(Shot(n + 1, 10 * n, 10 * n + 10) for n in range(5))


def place(seed: int, shift: int = 0) -> np.ndarray:
    """A place of its own, 120x160, in [0, 1]."""
    random = np.random.default_rng(seed)
    picture = np.zeros((140, 180), np.float32)
    for _ in range(25):
        x, y, w, h = random.integers(0, 180), random.integers(0, 140), *random.integers(8, 60, 2)
        cv2.rectangle(picture, (int(x), int(y)), (int(x + w), int(y + h)), float(random.random()), -1)
    return cv2.GaussianBlur(picture, (0, 0), 1.0)[10:130, 10 + shift : 170 + shift]


def codes(picture: np.ndarray, *, gamma: float = 1.0, gain: float = 1.0, grain: int = 0) -> np.ndarray:
    noise = np.random.default_rng(grain).normal(0, 0.02, picture.shape)
    return (np.clip(gain * picture**gamma + noise, 0, 1)[None] * 65535).astype(np.uint16)


def test_a_place_is_known_again_in_other_light() -> None:
    looks = [even_picture(codes(place(1))), even_picture(codes(place(1, 6), gamma=1.8, gain=0.5, grain=1))]
    others = [even_picture(codes(place(seed), grain=seed)) for seed in range(2, 8)]
    assert likeness(*looks) > 0.75
    assert max(likeness(looks[0], other) for other in others) < 0.45
    flat = even_picture(codes(np.full((120, 160), 0.5), grain=3))
    assert likeness(flat, even_picture(codes(np.full((120, 160), 0.5), grain=4))) < 0.45


def test_a_coarse_look_tells_what_is_worth_a_closer_one() -> None:
    shots = [
        [even_picture(codes(place(seed, shift), grain=7 * seed + shift)) for shift in shifts]
        for seed, shifts in ((1, (0, 3)), (2, (0,)), (1, (6,)), (3, (0, 1, 2)))
    ]
    coarse = coarse_likenesses(shots)
    assert coarse.shape == (4, 4)
    assert np.array_equal(coarse, coarse.T)
    assert coarse[0, 2] > 0.7
    assert max(coarse[0, 1], coarse[0, 3], coarse[1, 2], coarse[1, 3], coarse[2, 3]) < 0.42


def test_a_chance_likeness_joins_no_groups() -> None:
    alike = np.eye(5, dtype=np.float32)
    for one, other, value in ((0, 1, 0.9), (2, 3, 0.9), (1, 2, 0.7)):
        alike[one, other] = alike[other, one] = value
    assert grouped(alike, 0.5) == [[0, 1], [2, 3], [4]]
    assert grouped(alike, 0.95) == [[0], [1], [2], [3], [4]]
    assert grouped(np.eye(1, dtype=np.float32), 0.5) == [[0]]


def test_scenes_are_found_in_a_reel(make_tiny_reel: MakeReel) -> None:
    """Shots 1 and 3 show one place, in other light; the first frame of shot 1 is a flash."""
    reel = make_tiny_reel(frames=30, shots=3, height=120, width=160)
    store = FrameStore.create(reel.root / "source.zarr", reel.store().pixel_format, height=120, width=160)
    shown = [place(1), place(9), place(1, 4)]
    frames = [codes(shown[t // 10], gain=1.0 if t < 20 else 0.6, grain=t)[0] // 257 for t in range(30)]
    frames[1] = np.full((120, 160), 255, np.uint16)
    store.write(0, {"gray": np.stack(frames).astype(np.uint8)})
    store.finish(np.arange(30, dtype=np.int64))
    seen: list[tuple[int, int]] = []
    (scene,) = detect_scenes(reel, lambda *done: seen.append(done))
    assert [member.span for member in scene.members] == [Span(0, 10), Span(20, 30)]
    assert all(member.span.start <= member.key < member.span.stop for member in scene.members)
    assert scene.members[0].key != 1
    assert seen == [(1, 3), (2, 3), (3, 3)]


def scene(*numbers: int, note: str = "") -> Scene:
    return Scene(tuple(Member(Span(10 * n - 10, 10 * n), 10 * n - 5) for n in numbers), note)


def test_shots_are_joined_with_the_scenes_they_are_in() -> None:
    scenes = (scene(1, 3, note="the mill"),)
    assert joined(scenes, FIVE, "4-5", ()) == (*scenes, scene(4, 5))
    assert joined(scenes, FIVE, "3,5", ()) == (scene(1, 3, 5, note="the mill"),)
    assert joined((*scenes, scene(2, 4)), FIVE, "1,2", ()) == (scene(1, 2, 3, 4, note="the mill"),)
    assert joined((), FIVE, "1,2", {5, 15})[0].members[1].key == 14
    with pytest.raises(UsageError, match="one shot"):
        joined(scenes, FIVE, "2", ())


def test_shots_are_taken_out_of_scenes() -> None:
    scenes = (scene(1, 3, 5), scene(2, 4))
    assert parted(scenes, FIVE, "3") == (scene(1, 5), scene(2, 4))
    assert parted(scenes, FIVE, "2") == (scene(1, 3, 5),)
    with pytest.raises(UsageError, match="no shot of '3' is in a scene"):
        parted((scene(1, 2),), FIVE, "3")


def test_scenes_are_kept_and_follow_their_frames(make_tiny_reel: MakeReel) -> None:
    reel = make_tiny_reel(frames=50, shots=5)
    assert scenes_of(reel) == ()
    assert not has_scenes(reel)
    write_scenes(reel, (scene(2, 4), scene(1, 3), scene(5)))
    assert has_scenes(reel)
    assert scenes_of(reel) == (scene(1, 3), scene(2, 4))
    # Shot 3 is split: both halves stay where it was.
    reel.write_shots([Shot(1, 0, 10), Shot(2, 10, 20), Shot(3, 20, 26), Shot(4, 26, 30), Shot(5, 30, 50)])
    (first, second) = scenes_of(reel)
    assert [shot.number for shot in first.shots(reel.shots())] == [1, 3, 4]
    assert [shot.number for shot in second.shots(reel.shots())] == [2, 5]
    assert scene_of(scenes_of(reel), reel.shots()[3]) == first


def test_a_list_written_by_hand_may_name_shots(make_tiny_reel: MakeReel) -> None:
    reel = make_tiny_reel(frames=50, shots=5)
    path = Path(str(reel.root)) / "hints" / "scenes.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"scenes": [{"note": "the mill", "shots": [{"shot": 1}, {"shot": 3}]}]}))
    assert scenes_of(reel) == (scene(1, 3, note="the mill"),)
    twice = [{"shots": [{"shot": 1}, {"shot": 3}]}, {"shots": [{"shot": 3}, {"shot": 4}]}]
    path.write_text(json.dumps({"scenes": twice}))
    with pytest.raises(UsageError, match="shot 3 in scenes 1 and 2"):
        scenes_of(reel)
    for wrong in ({"scenes": [{"shots": [{"frames": [3, 60]}]}]}, {"scenes": [[1, 2]]}, []):
        path.write_text(json.dumps(wrong))
        with pytest.raises(UsageError, match="is not a list of scenes"):
            scenes_of(reel)


def test_the_middle_is_not_a_damaged_frame() -> None:
    assert middle_of(Shot(1, 10, 20)) == 15
    assert middle_of(Shot(1, 10, 20), frozenset({15, 14, 16})) == 13
    assert middle_of(Shot(1, 10, 12), frozenset({10, 11})) == 11
