from dataclasses import replace

import numpy as np
import pytest
import torch

from reelfix.restoration.damage import (
    NOTHING,
    DamagedBatch,
    Fading,
    TensorOperators,
    damage_batch,
    random_settings,
)


def _crops(count: int = 3, channels: int = 1) -> torch.Tensor:
    coarse = torch.rand(count * 4, channels, 6, 8, generator=torch.Generator().manual_seed(1))
    fine = torch.nn.functional.interpolate(coarse, (48, 56), mode="bicubic").clamp(0, 1)
    return fine.reshape(count, 4, channels, 48, 56)


def _batch(crops: torch.Tensor, seeds: list[int]) -> DamagedBatch:
    return damage_batch(crops, seeds, picture=(120, 160), versions=("unmarked", "clean"))


def test_shapes_types_and_ranges() -> None:
    batch = _batch(_crops(channels=3), [1, 2, 3])
    assert batch.frames.shape == (3, 4, 3, 48, 56)
    assert batch.mask.shape == (3, 4, 2, 48, 56)
    assert batch.mask.dtype == torch.uint8
    assert batch.versions.keys() == {"unmarked", "clean"}
    assert batch.versions["clean"].shape == batch.frames.shape
    assert 0 <= float(batch.frames.min()) <= float(batch.frames.max()) <= 1


def test_what_becomes_of_a_crop_depends_on_it_and_its_seed_alone() -> None:
    crops = _crops()
    batch, again = _batch(crops, [7, 8, 9]), _batch(crops[1:2], [8])
    assert torch.equal(batch.frames[1], again.frames[0])
    assert torch.equal(batch.mask[1], again.mask[0])
    assert torch.equal(batch.versions["clean"][1], again.versions["clean"][0])
    assert not torch.equal(_batch(crops[1:2], [10]).frames, again.frames)


def test_parameters_are_there_for_every_clip() -> None:
    drawn = iter([None, Fading(black=0.2), None])
    batch = damage_batch(
        _crops(), [1, 2, 4], settings=lambda random: replace(NOTHING, fading=next(drawn)), picture=None
    )
    black = batch.parameter("fading.black")
    assert torch.equal(black, torch.tensor([0.0, 0.2, 0.0])[:, None].expand(3, 4))
    assert float(batch.frames[1].min()) >= 0.2
    assert torch.equal(batch.versions["clean"], _crops())


def test_both_sets_of_operators_make_the_same_batch() -> None:
    crops = _crops(4, 3)
    host, tensor = (
        damage_batch(crops, [3, 4, 5, 6], operators=operators, versions=())
        for operators in (None, TensorOperators())
    )
    assert (host.frames - tensor.frames).abs().max() < 5e-4
    assert float((host.mask != tensor.mask).float().mean()) < 1e-3


def test_wrong_numbers_and_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="2 seeds for 3 crops"):
        damage_batch(_crops(), [1, 2])
    with pytest.raises(ValueError, match="48 x 56 must lie within"):
        damage_batch(_crops(), [1, 2, 3], picture=(40, 200))


def test_nothing_comes_of_nothing() -> None:
    crops = _crops()
    batch = damage_batch(crops, [1, 2, 3], settings=lambda random: NOTHING)
    assert torch.equal(batch.frames, crops)
    assert random_settings(np.random.default_rng(1)) != NOTHING
