"""Stills through the published nets: strengths, gray pictures, tiles, refusals."""

import pytest
import torch

from reelfix.restoration.triplet.paper import PaperNets, PaperShape
from reelfix.restoration.triplet.paper_mapping import MappingShape
from reelfix.restoration.triplet.paper_still import restore_still
from reelfix.restoration.triplet.paper_vae import VaeShape


def _nets() -> PaperNets:
    torch.manual_seed(0)
    shape = PaperShape(VaeShape(latent=8, blocks=1), MappingShape(widths=(8, 16), fusion_blocks=1, blocks=1))
    return PaperNets(shape).eval()


def _still(height: int, width: int, channels: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(4)
    mask = torch.zeros(1, height, width)
    mask[:, 5:9, 2:14] = 0.9
    return torch.rand(channels, height, width, generator=random), mask


def test_strength_0_is_the_picture_and_1_the_published_restoration() -> None:
    nets = _nets()
    picture, mask = _still(22, 27)
    assert torch.equal(restore_still(nets, picture, mask, 0.0), picture)
    with torch.no_grad():
        whole = nets(picture[None], (mask >= 0.5).float()[None])[0]
    assert torch.allclose(restore_still(nets, picture, mask), whole, atol=1e-6)


def test_strengths_lead_from_one_to_the_other_without_a_jump() -> None:
    nets = _nets()
    picture, mask = _still(24, 24)
    nearly_none, nearly_all = (restore_still(nets, picture, mask, strength) for strength in (1e-4, 1 - 1e-4))
    assert (nearly_none - picture).abs().max() < 0.01
    assert (nearly_all - restore_still(nets, picture, mask)).abs().max() < 0.01
    far = (restore_still(nets, picture, mask, 0.5) - picture).abs().mean()
    assert far > 0.1 * (nearly_all - picture).abs().mean()


def test_gray_goes_through_colour_nets_as_gray() -> None:
    nets = _nets()
    gray, mask = _still(20, 24, channels=1)
    out = restore_still(nets, gray, mask)
    assert out.shape == gray.shape
    colour = restore_still(nets, gray.expand(3, -1, -1), mask)
    assert torch.allclose(out[0], colour.mean(dim=0), atol=1e-6)


def test_the_mask_counts_from_the_threshold_on() -> None:
    nets = _nets()
    picture, mask = _still(20, 24)
    assert torch.equal(
        restore_still(nets, picture, mask, threshold=0.95), restore_still(nets, picture, 0 * mask)
    )


def test_tiles_give_a_whole_picture() -> None:
    nets = _nets()
    picture, mask = _still(70, 90)
    out = restore_still(nets, picture, mask, tile=48)
    assert out.shape == picture.shape
    assert out.isfinite().all()
    assert torch.equal(restore_still(nets, picture, mask, tile=96), restore_still(nets, picture, mask))


def test_what_does_not_fit_is_refused() -> None:
    nets = _nets()
    picture, mask = _still(20, 24)
    with pytest.raises(ValueError, match=r"strength = 1.5 must be in \[0, 1\]"):
        restore_still(nets, picture, mask, 1.5)
    with pytest.raises(ValueError, match=r"picture.shape.*\(1 or 3, H, W\)"):
        restore_still(nets, picture[:2], mask)
    with pytest.raises(ValueError, match=r"mask.shape.*\(1, 20, 24\)"):
        restore_still(nets, picture, mask[:, :4])


def test_bytes_do_not_depend_on_the_number_of_threads() -> None:
    nets = _nets()
    picture, mask = _still(90, 110)
    before = torch.get_num_threads()
    found = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            found.append(restore_still(nets, picture, mask))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[0], found[2])
