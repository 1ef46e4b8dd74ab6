"""Guides: what a shot is coloured after, keyed without a picture, and read as the nets need it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from reelfix.pipeline.colour_guide_frames import GuideFrames, read_guides, tones_of
from reelfix.pipeline.colour_guides import ColourFacts
from reelfix.pipeline.colour_hints import ColourHints, PointHint, ReferenceHint
from reelfix.pipeline.colour_hints_edit import add_point, add_reference
from reelfix.pipeline.errors import ReelError
from reelfix.pipeline.guide_arrays import pack_guides, unpack_guides
from reelfix.pipeline.inputs import SlidingWindow
from reelfix.pipeline.palette_hints import PaletteHint, SaturationHint
from reelfix.pipeline.palette_hints_edit import drop_from_shot, set_palette
from reelfix.pipeline.products import PRODUCTS
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.scenes import Member, Scene, write_scenes
from reelfix.pipeline.shots import Shot
from reelfix.pipeline.spans import Span
from reelfix.restoration.colour.bins import ab_bins
from reelfix.restoration.colour.guides import Exemplar, Guides, Point, Reference
from reelfix.restoration.colour.palette import Palette

MakeReel = Callable[..., Reel]
CPU = torch.device("cpu")
SHOTS = tuple(Shot(n + 1, 10 * n, 10 * n + 10) for n in range(6))
SCENE = Scene(tuple(Member(Span(shot.start, shot.stop), shot.start + 5) for shot in SHOTS[:2]))


def keys(
    *points: PointHint, references: tuple[ReferenceHint, ...] = (), scenes: tuple[Scene, ...] = ()
) -> list[str]:
    facts = ColourFacts(SHOTS, ColourHints(points, references), scenes)
    return [facts.choose(shot).key for shot in SHOTS]


def differing(one: list[str], other: list[str]) -> list[int]:
    return [place + 1 for place, pair in enumerate(zip(one, other, strict=True)) if pair[0] != pair[1]]


def test_a_hint_changes_its_own_shot_and_its_scene_alone() -> None:
    point = PointHint(23, 4, 5, "#102030")
    assert differing(keys(), keys(point)) == [3]
    assert differing(keys(point), keys(PointHint(23, 4, 5, "#102031"))) == [3]
    first = PointHint(3, 4, 5, "#102030")
    assert differing(keys(scenes=(SCENE,)), keys(first, scenes=(SCENE,))) == [1, 2]
    assert differing(keys(), keys(scenes=(SCENE,))) == [1, 2]
    still = ReferenceHint("a.png", "ab", Span(0, 10))
    assert differing(keys(scenes=(SCENE,)), keys(references=(still,), scenes=(SCENE,))) == [1, 2]
    assert differing(keys(), keys(references=(still,))) == [1]
    renamed = ReferenceHint("b.png", "ab", Span(0, 10))
    assert keys(references=(still,)) == keys(references=(renamed,))


def test_what_is_said_of_a_whole_shot_changes_it_and_its_scene_alone() -> None:
    def keys(*palettes: PaletteHint, told: tuple[SaturationHint, ...] = (), scenes: tuple[Scene, ...] = ()):  # type: ignore[no-untyped-def]
        facts = ColourFacts(SHOTS, ColourHints(palettes=palettes, saturations=told), scenes)
        return [facts.choose(shot).key for shot in SHOTS]

    palette = PaletteHint("a.png", "ab", Span(0, 10), 0.5)
    assert differing(keys(), keys(palette)) == [1]
    assert differing(keys(scenes=(SCENE,)), keys(palette, scenes=(SCENE,))) == [1, 2]
    assert differing(keys(palette), keys(replace(palette, strength=0.6))) == [1]
    assert differing(keys(palette), keys(replace(palette, sha256="cd"))) == [1]
    assert keys(palette) == keys(replace(palette, picture="b.png"))
    pale, vivid = SaturationHint(0.1, Span(0, 10)), SaturationHint(0.4, Span(10, 20))
    assert differing(keys(), keys(told=(pale,))) == [1]
    assert differing(keys(told=(pale,), scenes=(SCENE,)), keys(told=(pale, vivid), scenes=(SCENE,))) == [2]
    # A shot's own counts above that of its scene.
    other = replace(palette, sha256="cd", span=Span(10, 20))
    facts = ColourFacts(SHOTS, ColourHints(palettes=(palette, other), saturations=(vivid,)), (SCENE,))
    chosen = [facts.choose(shot) for shot in SHOTS[:3]]
    assert [choice.palette for choice in chosen] == [palette, other, None]
    assert [choice.saturation for choice in chosen] == [0.4, 0.4, None]


def test_all_shots_of_a_scene_have_the_same_exemplars() -> None:
    members = tuple(Member(Span(shot.start, shot.stop), shot.start + 5) for shot in SHOTS)
    facts = ColourFacts(SHOTS, ColourHints(), (Scene(members),))
    chosen = [[entry.frame for entry in facts.choose(shot).exemplars] for shot in SHOTS]
    assert chosen == [[5, 25, 35, 55]] * 6
    points = tuple(PointHint(frame, 1, 1, "#102030") for frame in (12, 17, 44))
    facts = ColourFacts(SHOTS, ColourHints(points), (Scene(members),))
    chosen = [[entry.frame for entry in facts.choose(shot).exemplars] for shot in SHOTS]
    assert chosen == [[12, 17, 44, 35]] * 6
    # A shot has all of its own frames with points, however many the scene has.
    points = tuple(PointHint(frame, 1, 1, "#102030") for frame in range(8))
    facts = ColourFacts(SHOTS, ColourHints(points), (SCENE,))
    assert [entry.frame for entry in facts.choose(SHOTS[1]).exemplars] == [0, 2, 5, 7]
    assert [entry.frame for entry in facts.choose(SHOTS[0]).exemplars] == [0, 2, 5, 7, 1, 3, 4, 6]


def test_a_shot_alone_has_its_own() -> None:
    facts = ColourFacts(SHOTS, damaged=frozenset({15}))
    assert [entry.frame for entry in facts.choose(SHOTS[1]).exemplars] == [14]
    facts = ColourFacts(SHOTS, ColourHints((PointHint(12, 1, 1, "#102030"),)))
    (told,) = facts.choose(SHOTS[1]).exemplars
    assert (told.frame, len(told.points)) == (12, 1)


def test_guides_survive_as_arrays() -> None:
    point = Point(3, 1.5, 2.5, (0.25, 0.5, 1.0), 4.0)
    guides = Guides(
        (point,),
        (Reference(torch.rand(3, 4, 6), None), Reference(torch.rand(3, 5, 7), 0)),
        (
            Exemplar(torch.rand(1, 5, 7), 0, (point, point)),
            Exemplar(torch.rand(1, 5, 7), None, (), torch.rand(3, 2, 2)),
        ),
        palette=Palette(torch.rand(313), 0.25, 0.75),
        mean_saturation=0.5,
    )
    arrays = pack_guides(guides, 9)
    back = unpack_guides(arrays, CPU)
    assert back.points == guides.points
    assert [entry.frame for entry in back.references] == [None, 0]
    assert [(entry.frame, entry.points) for entry in back.exemplars] == [(0, (point, point)), (None, ())]
    for one, other in zip(back.references, guides.references, strict=True):
        assert torch.equal(one.rgb, other.rgb)
    assert torch.equal(back.exemplars[1].luma, guides.exemplars[1].luma)
    assert back.exemplars[0].reference is None
    assert torch.equal(back.exemplars[1].reference, guides.exemplars[1].reference)  # type: ignore[arg-type]
    assert guides.palette is not None
    assert back.palette is not None
    assert torch.equal(back.palette.histogram, guides.palette.histogram)
    assert (back.palette.saturation, back.palette.strength, back.mean_saturation) == (0.25, 0.75, 0.5)
    assert unpack_guides(pack_guides(Guides(), 1), CPU) == Guides()
    assert PRODUCTS["guides"].decode(arrays, CPU).points == guides.points


def test_guides_are_read_off_the_reel(make_tiny_reel: MakeReel, tmp_path: Path) -> None:
    """Frames counted from the shot, exemplars off the store, pictures in R, G, B, for every window."""
    reel = make_tiny_reel(frames=30, shots=3)
    first, second, third = reel.shots()
    write_scenes(reel, [Scene(tuple(Member(Span(s.start, s.stop), s.start + 5) for s in (first, third)))])
    add_point(reel, 23, (20, 8), "#ff8000", radius=2)
    values = np.zeros((32, 40, 3), np.uint8)
    values[..., 2] = 255
    still = tmp_path / "red.png"
    still.write_bytes(cv2.imencode(".png", values)[1].tobytes())
    add_reference(reel, still, frame=27)
    add_reference(reel, still, shot=1)
    choice = ColourFacts.of(reel).choose(third)
    guides = read_guides(reel, choice)
    assert guides.points == (Point(3, 20.5, 8.5, (1.0, 128 / 255, 0.0), 2.0),)
    assert [entry.frame for entry in guides.references] == [7, None]
    assert guides.references[0].rgb[:, 5, 5].tolist() == [1, 0, 0]
    assert [entry.frame for entry in guides.exemplars] == [3, 7, None, 5]
    assert [len(entry.points) for entry in guides.exemplars] == [1, 0, 0, 0]
    assert guides.exemplars[1].reference is not None
    source = reel.store().read(5, 6)["gray"].astype(np.float32) / 255
    np.testing.assert_allclose(guides.exemplars[2].luma.numpy(), source, atol=1e-6)
    others = read_guides(reel, ColourFacts.of(reel).choose(first))
    assert [entry.frame for entry in others.exemplars] == [None, None, 5, None]
    assert [entry.frame for entry in others.references] == [None]
    for one, other in zip(guides.exemplars, others.exemplars, strict=True):
        assert torch.equal(one.luma, other.luma)

    set_palette(reel, still, 1, strength=0.25)
    told = read_guides(reel, ColourFacts.of(reel).choose(third)).palette
    assert told is not None
    assert (told.saturation, told.strength) == (1, 0.25)
    assert int(told.histogram.argmax()) == int((ab_bins() - torch.tensor([80, 70])).norm(dim=1).argmin())
    drop_from_shot(reel, 1, points=False, palette=True, saturation=False)

    window = SlidingWindow(GuideFrames(reel, third, choice.key))
    arrays = [window.read(0, third.frame_count) for _ in range(2)]
    assert [unpack_guides(entry, CPU).points for entry in arrays] == [guides.points] * 2
    add_point(reel, 24, (20, 8), "#ff8000")
    with pytest.raises(ReelError, match="changed meanwhile"):
        GuideFrames(reel, third, choice.key)
    assert ColourFacts.of(reel).choose(second).key == ColourFacts(reel.shots()).choose(second).key


def test_exemplars_are_tones(make_tiny_reel: MakeReel, monkeypatch: pytest.MonkeyPatch) -> None:
    reel = make_tiny_reel()
    limited = replace(reel.clip, black=16 / 255, white=235 / 255)
    monkeypatch.setattr(Reel, "clip", property(lambda self: limited))
    source = reel.store().read(3, 4)["gray"].astype(np.float32)
    np.testing.assert_allclose(tones_of(reel, 3), np.clip((source - 16) / 219, 0, 1), atol=1e-5)
