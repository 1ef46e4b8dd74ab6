import pytest
import torch

from reelfix.restoration.triplet.compact import (
    BARS,
    CELL,
    MULTIPLE,
    NEIGHBOURS,
    CompactNets,
    CompactShape,
    View,
    padded_view,
)

SMALL = CompactShape(latent=8, width=8, blocks=2, coarse=8, coarse_blocks=1)


def _view(height: int, width: int, batch: int = 1) -> View:
    generator = torch.Generator().manual_seed(1)
    cells = (-(-height // CELL), -(-width // CELL))
    return View(
        torch.rand((batch, 1, height, width), generator=generator),
        (torch.rand((batch, 1, height, width), generator=generator) > 0.8).float(),
        torch.rand((batch, NEIGHBOURS, height, width), generator=generator),
        torch.rand((batch, NEIGHBOURS, *cells), generator=generator),
        torch.rand((batch, 1, height, width), generator=generator),
        torch.rand((batch, 1, height, width), generator=generator),
    )


def _moving_nets() -> CompactNets:
    """Nets whose mapping moves, as trained ones do."""
    torch.manual_seed(0)
    nets = CompactNets(SMALL).eval()
    torch.nn.init.normal_(nets.mapping.directions.weight, std=0.3)
    return nets


def test_bars_at_zero_leave_every_bit() -> None:
    view = _view(32, 48)
    with torch.no_grad():
        result = _moving_nets()(view, torch.zeros(1, len(BARS)))
    assert torch.equal(result, view.frame)


def test_untrained_directions_lead_to_what_the_denoiser_made_and_nowhere_else() -> None:
    torch.manual_seed(0)
    view, nets = _view(32, 32)._replace(stretched=None), CompactNets(SMALL)
    strengths = torch.ones(1, len(BARS))
    with torch.no_grad():
        _, after = nets.latents(view, strengths)
        torch.testing.assert_close(after, nets.encoder(view.denoised))
        assert torch.equal(nets(view._replace(denoised=view.frame), strengths), view.frame)


@pytest.mark.parametrize("bar", range(len(BARS)))
def test_each_bar_moves_the_latents_along_its_own_direction(bar: int) -> None:
    nets, view = _moving_nets(), _view(32, 32)
    strengths = torch.zeros(1, len(BARS))
    strengths[0, bar] = 0.5
    with torch.no_grad():
        before, after = nets.latents(view, strengths)
        _, moves = nets.moves(view)
    torch.testing.assert_close(after - before, 0.5 * moves[:, bar])
    assert float((after - before).abs().max()) > 0


def test_pictures_of_a_batch_do_not_see_each_other() -> None:
    nets, view = _moving_nets(), _view(32, 32, batch=2)
    strengths = torch.ones(2, len(BARS))
    with torch.no_grad():
        both = nets(view, strengths)
        second = nets(View(*(values[1:] for values in view if values is not None)), strengths[1:])
    torch.testing.assert_close(both[1:], second)


@pytest.mark.parametrize(("height", "width"), [(16, 16), (17, 31), (50, 34)])
def test_a_view_of_any_size_is_padded_to_what_the_nets_take(height: int, width: int) -> None:
    view = padded_view(_view(height, width))
    assert view.frame.shape[-2] % MULTIPLE == 0
    assert view.frame.shape[-1] % MULTIPLE == 0
    assert view.frame.shape[-2] - height < MULTIPLE
    assert view.trust.shape[-2:] == (view.frame.shape[-2] // CELL, view.frame.shape[-1] // CELL)
    with torch.no_grad():
        assert _moving_nets()(view, torch.ones(1, len(BARS))).shape == view.frame.shape


def test_the_nonlocal_block_acts_in_damaged_places_alone() -> None:
    nets, view = _moving_nets(), _view(64, 64)
    torch.nn.init.normal_(nets.mapping.nonlocal_block.W.weight)
    sound = view._replace(mask=torch.zeros_like(view.mask))
    strengths = torch.ones(1, len(BARS))
    with torch.no_grad():
        assert torch.equal(nets(sound, strengths), nets(sound, strengths, attend=False))
        assert not torch.equal(nets(view, strengths), nets(view, strengths, attend=False))


def test_contrast_leads_to_the_stretched_frame_and_is_not_learnt() -> None:
    nets, view = _moving_nets(), _view(32, 32)
    strengths = torch.zeros(1, len(BARS))
    strengths[0, BARS.index("contrast")] = 1
    with torch.no_grad():
        _, after = nets.latents(view, strengths)
        torch.testing.assert_close(after, nets.encoder(view.stretched))
        assert torch.equal(nets(view._replace(stretched=None), strengths), view.frame)
