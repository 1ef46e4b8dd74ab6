from pathlib import Path

import numpy as np
import pytest
import torch

from reelfix.restoration.training.prepared import ARRAYS, Item, write_item
from reelfix.restoration.training.source_prepared import PreparedSource, crop_of
from reelfix.restoration.training.source_real import JoinedSource, RealSource


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("prepared")
    generator = np.random.default_rng(0)
    for number in range(2):
        pictures = generator.integers(0, 256, (4, 48, 64)).astype(np.uint8)
        arrays = dict.fromkeys(ARRAYS, pictures) | {
            "found": np.zeros((4, 2, 48, 64), np.uint8),
            "truth": (generator.random((4, 2, 48, 64)) > 0.99).astype(np.uint8) * 255,
            "flow": np.zeros((4, 4, 24, 32), np.int16),
            "trust": np.full((4, 2, 24, 32), 255, np.uint8),
        }
        write_item(root / f"{number:05d}", Item("a.mp4", "1920s", number, "train"), arrays)
    return root


def _source(folder: Path, **changes: float) -> PreparedSource:
    return PreparedSource(folder, "train", seed=3, batch_size=3, crop=32, **changes)


def test_a_batch_is_a_function_of_seed_and_step(folder: Path) -> None:
    one, other = _source(folder).batch(7), _source(folder).batch(7)
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert not torch.equal(one["frame"], _source(folder).batch(8)["frame"])


def test_shapes_and_ranges_are_as_told(folder: Path) -> None:
    batch = _source(folder).batch(0)
    for name in ("frame", "damaged", "unmarked", "soft", "clean", "mask"):
        assert batch[name].shape == (3, 1, 32, 32)
        assert batch[name].dtype == torch.float32
    assert batch["neighbours"].shape == (3, 4, 32, 32)
    assert batch["trust"].shape == (3, 4, 8, 8)
    assert batch["fading"].shape == (3, 2)


def test_all_pictures_turn_and_fade_alike(folder: Path) -> None:
    source = _source(folder, holes=0.0, faded=1.0, alone=0.0)
    for step in range(6):
        batch = source.batch(step)
        assert torch.equal(batch["frame"], batch["clean"])  # they are the same array in this folder
        assert torch.equal(batch["frame"], batch["soft"])
        black, white = batch["fading"].T
        assert bool((batch["frame"].amin(dim=(1, 2, 3)) >= black - 1e-6).all())
        assert bool((batch["frame"].amax(dim=(1, 2, 3)) <= white + 1e-6).all())


def test_holes_are_hidden_from_the_net_and_not_from_the_truth(folder: Path) -> None:
    batch = _source(folder, holes=1.0, faded=0.0, alone=0.0).batch(0)
    hole = batch["mask"] > 0.5
    assert 0 < float(hole.float().mean()) < 0.5
    assert torch.equal(batch["frame"][~hole], batch["clean"][~hole])
    assert float((batch["frame"] - batch["clean"])[hole].abs().mean()) > 0.1
    four = hole.expand(-1, 4, -1, -1)
    assert torch.equal(batch["neighbours"][four], batch["frame"].expand(-1, 4, -1, -1)[four])
    assert float(batch["trust"].min()) < 1


def test_a_still_has_nothing_around_it(folder: Path) -> None:
    batch = _source(folder, alone=1.0, holes=0.0, faded=0.0).batch(0)
    assert float(batch["trust"].abs().max()) == 0
    assert torch.equal(batch["neighbours"], batch["frame"].expand(-1, 4, -1, -1))
    assert torch.equal(batch["denoised"], batch["frame"])


def test_a_still_is_worn_but_for_what_it_ought_to_be(folder: Path) -> None:
    batches = [_source(folder, alone=1.0, holes=0.0, faded=0.0).batch(step) for step in range(4)]
    softened = [bool((batch["soft"] != batch["clean"]).flatten(1).any(dim=1).any()) for batch in batches]
    assert any(softened)
    for batch in batches:
        # Grain lies on all of what is seen, and not on what is only soft.
        assert torch.equal(batch["frame"], batch["unmarked"])
        assert bool((batch["unmarked"] != batch["soft"]).flatten(1).any(dim=1).all())


def test_without_motion_neighbours_are_the_same_place_of_the_other_frames(folder: Path) -> None:
    arrays = _source(folder).items[0]
    crop = crop_of(arrays, 1, 8, 16, 16)
    np.testing.assert_allclose(crop["neighbours"][0] * 255, arrays["filled"][0, 8:24, 16:32], atol=1e-3)
    np.testing.assert_allclose(crop["neighbours"][2] * 255, arrays["filled"][2, 8:24, 16:32], atol=1e-3)
    np.testing.assert_array_equal(crop["neighbours"][1], crop["frame"][0])  # there is no frame -1
    assert float(crop["trust"][1].max()) == 0
    np.testing.assert_allclose(crop["trust"][3], 1)


def test_sizes_that_cannot_be_cut_are_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match="crop = 30 must be a multiple of 16"):
        PreparedSource(folder, "train", seed=0, batch_size=1, crop=30)
    with pytest.raises(ValueError, match="as large as crop = 128"):
        PreparedSource(folder, "train", seed=0, batch_size=1, crop=128).batch(0)


def test_real_film_joins_what_is_synthetic(folder: Path, tmp_path: Path) -> None:
    reel = np.random.default_rng(0).integers(0, 256, (3, 40, 40)).astype(np.uint8)
    np.save(tmp_path / "reel.npy", reel)
    joined = JoinedSource((_source(folder), RealSource((tmp_path,), seed=0, batch_size=2, crop=32)))
    batch = joined.batch(1)
    assert batch["real"].shape == (2, 1, 32, 32)
    assert batch["frame"].shape == (3, 1, 32, 32)
    with pytest.raises(FileNotFoundError, match="no frames of 64 x 64"):
        RealSource((tmp_path,), seed=0, batch_size=2, crop=64).batch(0)
