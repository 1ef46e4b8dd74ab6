from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from reelfix.restoration.colour.bins import annealed_mean
from reelfix.restoration.colour.compact import TEMPERATURE, ColourCompact, ColourShape, hint_planes
from reelfix.restoration.colour.lab import lightness
from reelfix.restoration.colour.net import ColourNet, Hints, load_colour_net, reduced

TINY = ColourShape(4, (4, 4, 6, 6, 6, 8, 8), (1,) * 7, (16, 16, 12, 12), 4)


def _net(seed: int = 0) -> ColourCompact:
    torch.manual_seed(seed)
    net = ColourCompact(TINY).eval().requires_grad_(False)
    torch.nn.init.normal_(net.head.weight, std=0.5)
    for attention in net.attention:
        torch.nn.init.constant_(attention.gamma, 0.5)
    return net


@pytest.mark.parametrize("size", [(32, 64), (45, 61), (7, 3), (300, 420)])
def test_pictures_of_any_size_get_what_the_contract_says(size: tuple[int, int]) -> None:
    net = _net()
    assert isinstance(net, ColourNet)
    found = net.predict(torch.rand((2, 1, *size)), None)
    quarter, eighth = reduced(size, 4), reduced(size, 8)
    assert found.ab.shape == (2, 2, *quarter)
    assert found.confidence.shape == (2, 1, *quarter)
    assert found.features.shape[0] == 2
    assert found.features.shape[2:] == eighth
    assert all(plane.dtype == torch.float32 for plane in found)
    assert found.confidence.min() >= 0
    assert found.confidence.max() <= 1
    torch.testing.assert_close(found.features.norm(dim=1), torch.ones(2, *eighth))


def test_pictures_of_a_batch_do_not_look_at_each_other() -> None:
    net, luma = _net(), torch.rand((2, 1, 64, 64))
    together, alone = net.predict(luma, None), net.predict(luma[1:], None)
    assert torch.equal(together.ab[1:], alone.ab)


def test_a_surface_has_one_colour() -> None:
    net, luma = _net(), torch.full((1, 1, 64, 64), 0.3)
    luma[..., 32:] = 0.7
    luma += 0.01 * torch.randn_like(luma)
    features = net(lightness(luma) / 100, hint_planes(None, 1, (16, 16), luma.device))
    alone = annealed_mean(net.head(features), net.bins, TEMPERATURE)[0]
    found = net.predict(luma, None).ab
    for half in (slice(1, 8), slice(8, 15)):
        assert found[..., half].std(dim=(2, 3)).norm() < 0.6 * alone[..., half].std(dim=(2, 3)).norm()


def test_hints_are_seen_and_those_of_no_weight_are_not() -> None:
    net, luma = _net(), torch.rand((1, 1, 64, 64))
    nothing = net.predict(luma, None).ab
    ab, weight = torch.full((1, 2, 16, 16), 40.0), torch.zeros((1, 1, 16, 16))
    torch.testing.assert_close(net.predict(luma, Hints(ab, weight)).ab, nothing)
    weight[..., 5, 9] = 1
    changed = (net.predict(luma, Hints(ab, weight)).ab - nothing).abs().sum(dim=1)[0]
    assert changed[5, 9] > 0.1
    assert changed[0, 0] > 0  # through the attention, far away too


def test_saturation_scales_colours_but_not_those_given() -> None:
    net, luma = _net(), torch.rand((1, 1, 64, 64))
    torch.testing.assert_close(net.predict(luma, None, 0.5).ab, 0.5 * net.predict(luma, None).ab)
    hints = Hints(torch.full((1, 2, 16, 16), 40.0), torch.ones((1, 1, 16, 16)))
    torch.testing.assert_close(net.predict(luma, hints, 0.0).ab, hints.ab)


def test_a_hint_of_a_large_picture_stays_as_sure() -> None:
    net, luma = _net(), torch.rand((1, 1, 600, 800))
    ab, weight = torch.full((1, 2, 150, 200), 40.0), torch.zeros((1, 1, 150, 200))
    weight[..., 77, 101] = 1
    shown = (
        net.predict(luma, Hints(ab, weight), working_size=192).ab
        - net.predict(luma, None, working_size=192).ab
    )
    assert shown.abs().amax() > 0.1


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_threads_change_nothing(dtype: torch.dtype) -> None:
    net = _net().to(dtype).to(memory_format=torch.channels_last)
    luma, before = torch.rand((1, 1, 96, 128)), torch.get_num_threads()
    try:
        found = []
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            found.append(net.predict(luma, None))
    finally:
        torch.set_num_threads(before)
    for other in found[1:]:
        assert all(torch.equal(one, two) for one, two in zip(found[0], other, strict=True))


def test_weights_are_told_and_loaded_by_path(tmp_path: Path) -> None:
    net, luma = _net(), torch.rand((1, 1, 64, 64))
    path = tmp_path / "colour.safetensors"
    save_file({f"net.{name}": tensor.half() for name, tensor in net.state_dict().items()}, path)
    found = load_colour_net(str(path))
    assert isinstance(found, ColourCompact)
    assert found.shape == TINY
    assert (found.predict(luma, None).ab - net.predict(luma, None).ab).abs().mean() < 1.5
