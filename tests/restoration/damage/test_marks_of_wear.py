from dataclasses import replace

import numpy as np
import pytest
import torch

from reelfix.restoration.damage import (
    NOTHING,
    PLANES,
    Corners,
    CueMarks,
    DamagedClip,
    DamageSettings,
    Dirt,
    Fading,
    Holes,
    HostOperators,
    Kind,
    Mould,
    Scratches,
    Splices,
    Stains,
    TensorOperators,
    Weave,
    Whole,
    damage_clip,
    structured_only,
    unstructured_only,
)
from reelfix.restoration.damage.strip import pitch
from reelfix.restoration.damage.surface import Surface

CASES: dict[Kind, DamageSettings] = {
    "stain": replace(NOTHING, stains=Stains(per_100_frames=100)),
    "mould": replace(NOTHING, mould=Mould(per_100_frames=60)),
    "hole": replace(NOTHING, holes=Holes(per_100_frames=60)),
    "corner": replace(NOTHING, corners=Corners(per_100_frames=60)),
    "splice": replace(NOTHING, splices=Splices(at=(2,), jump=0.0)),
    "cue mark": replace(NOTHING, cue_marks=CueMarks()),
}


def _damage(settings: DamageSettings, seed: int = 1, whole: Whole | None = None) -> DamagedClip:
    clip = torch.full((6, 1, 64, 80), 0.5)
    return damage_clip(clip, settings, np.random.default_rng(seed), part_of=whole)


@pytest.mark.parametrize("kind", CASES)
def test_a_kind_lies_in_its_plane_and_changes_the_picture_there_alone(kind: Kind) -> None:
    damaged = _damage(CASES[kind])
    assert list(damaged.kinds) == [kind]
    marked = damaged.kinds[kind]
    assert 0.0005 < float(marked.float().mean()) < 0.6
    assert torch.equal(damaged.mask[:, PLANES[kind]] > 0, marked)
    change = (damaged.frames - 0.5).abs()[:, 0]
    assert float(change[~marked].max()) <= 0.08
    assert float(change[marked].max()) > 0.1
    assert torch.equal(damaged.frames, _damage(CASES[kind]).frames)


def test_holes_are_white_or_black_as_asked() -> None:
    for black in (0.0, 1.0):
        frames = _damage(replace(NOTHING, holes=Holes(per_100_frames=100, black=black))).frames
        assert bool((frames > 0.9).any()) != bool(black)
        assert bool((frames < 0.06).any()) == bool(black)


def test_corners_are_missing_at_corners() -> None:
    for seed in range(4):
        marked = _damage(CASES["corner"], seed).kinds["corner"]
        for frame in marked[marked.flatten(1).any(1)]:
            assert frame[0, 0] | frame[0, -1] | frame[-1, 0] | frame[-1, -1]
            assert not frame[24:40, 32:48].all()


def test_cue_marks_are_four_frames_at_the_top_right() -> None:
    marked = _damage(replace(NOTHING, cue_marks=CueMarks(begin=1))).kinds["cue mark"]
    assert marked.flatten(1).any(1).tolist() == [False, True, True, True, True, False]
    rows, columns = marked.any(0).nonzero(as_tuple=True)
    assert int(rows.max()) < 0.2 * 64
    assert int(columns.min()) > 0.7 * 80


def test_a_splice_shows_beside_its_cut_and_the_picture_jumps() -> None:
    damaged = _damage(CASES["splice"])
    shown = damaged.kinds["splice"].flatten(1).any(1)
    assert shown[1:3].any()
    assert not shown[[0, 3, 4, 5]].any()
    across = damaged.kinds["splice"].any(1).float().mean(1)
    assert float(across.max()) > 0.9
    jumped = _damage(replace(NOTHING, splices=Splices(at=(3,), jump=0.1)))
    jump = jumped.shifts[:, 1]
    assert torch.equal(jumped.parameters["splices.jump"], jump)
    assert jump[:3].tolist() == [0, 0, 0]
    assert float(jump[4] / jump[3]) == pytest.approx(-0.4)
    with pytest.raises(ValueError, match="splice at frame 6 must be in 1 to 5"):
        _damage(replace(NOTHING, splices=Splices(at=(6,))))


def test_a_splice_jumps_from_where_the_weave_is() -> None:
    weave = Weave(deviation=(0.02, 0.02))
    alone = _damage(replace(NOTHING, weave=weave))
    both = _damage(replace(NOTHING, weave=weave, splices=Splices(at=(3,), jump=0.1)))
    assert torch.equal(alone.shifts[:3], both.shifts[:3])
    assert torch.allclose(both.shifts[:, 1], alone.shifts[:, 1] + both.parameters["splices.jump"])


def test_a_stain_goes_on_in_the_next_frame() -> None:
    surface = Surface(6, 64, 80, 16.0)
    assert pitch(surface) == pytest.approx(64 * 1.06)
    large = replace(NOTHING, stains=Stains(per_100_frames=60, size=(1.5, 1.5)))
    marked = _damage(large, seed=3).kinds["stain"].flatten(1).any(1)
    assert int(marked.sum()) >= 2


def test_a_part_shows_what_the_whole_shows_there() -> None:
    settings = replace(NOTHING, corners=Corners(per_100_frames=100, size=(0.3, 0.3)), cue_marks=CueMarks())
    whole = damage_clip(torch.full((6, 1, 64, 80), 0.5), settings, np.random.default_rng(1))
    part = damage_clip(
        torch.full((6, 1, 32, 40), 0.5),
        settings,
        np.random.default_rng(1),
        part_of=Whole(64, 80, top=0, left=40),
    )
    assert torch.equal(part.frames, whole.frames[..., :32, 40:])
    assert part.mask.any()


def test_structured_and_unstructured_damage_part() -> None:
    settings = DamageSettings(weave=Weave(), stains=Stains(), dirt=Dirt(per_frame=20), blur=0.5)
    both = _damage(settings)
    marks, picture = _damage(structured_only(settings)), _damage(unstructured_only(settings))
    assert not picture.mask.any()
    assert torch.equal(picture.gains, both.gains)
    assert torch.equal(picture.shifts, both.shifts)
    sound = (both.strength == 0) & (picture.strength == 0)
    assert (both.frames - picture.frames)[:, 0][sound].abs().max() < 1 / 255
    assert torch.equal(marks.gains, torch.ones(6))
    overlap = (marks.mask > 0) & (both.mask > 0)
    assert int(overlap.sum()) > 0.8 * int((both.mask > 0).sum())


def test_copied_marks_are_as_the_picture_is() -> None:
    dirt = Dirt(per_frame=15, radius=0.05, bright=1.0)
    fading = Fading(black=0.2, white=0.7)
    fresh, copied = (
        _damage(replace(NOTHING, dirt=dirt, fading=fading, copied_marks=share)) for share in (0.0, 1.0)
    )
    assert float(fresh.frames.max()) > 0.8
    assert float(copied.frames.max()) <= 0.7001
    assert (copied.kinds["dirt"] | ~fresh.kinds["dirt"]).float().mean() > 0.99
    some = _damage(replace(NOTHING, dirt=dirt, fading=fading, copied_marks=0.5))
    assert 0.01 < float((some.frames > 0.75).float().mean()) < float((fresh.frames > 0.75).float().mean())


def test_marks_beside_a_part_move_none_upon_it() -> None:
    settings = replace(
        NOTHING,
        stains=Stains(per_100_frames=100),
        mould=Mould(per_100_frames=60),
        holes=Holes(per_100_frames=100),
    )
    whole = damage_clip(torch.full((6, 1, 64, 80), 0.5), settings, np.random.default_rng(2))
    part = damage_clip(
        torch.full((6, 1, 30, 34), 0.5),
        settings,
        np.random.default_rng(2),
        part_of=Whole(64, 80, top=20, left=11),
    )
    assert part.kinds.keys() == {"stain", "mould", "hole"}
    assert torch.equal(part.frames, whole.frames[..., 20:50, 11:45])


def test_scratches_through_some_layers_are_coloured() -> None:
    clip = torch.full((6, 3, 64, 80), 0.3)
    for operators in (HostOperators(), TensorOperators()):
        for coloured in (0.0, 1.0):
            scratches = Scratches(opacity=(0.9, 0.9), broken=0.0, bright=1.0, coloured=coloured)
            settings = replace(NOTHING, scratches=scratches)
            damaged = damage_clip(clip, settings, np.random.default_rng(2), operators=operators)
            spread = (damaged.frames.amax(1) - damaged.frames.amin(1))[damaged.kinds["scratch"]]
            assert (float(spread.max()) > 0.2) == bool(coloured)
