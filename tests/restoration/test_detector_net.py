import pytest
import torch
from torch import nn

from reelfix.restoration.detector_net import DetectorNet, Strips


def tiny(seed: int = 0, inputs: int = 3) -> DetectorNet:
    torch.manual_seed(seed)
    net = DetectorNet(inputs, widths=(4, 6), depths=(1, 1), strips=2).eval()
    for parameter in net.parameters():
        nn.init.normal_(parameter, std=0.2)
    return net


@pytest.mark.parametrize(("height", "width"), [(32, 48), (17, 31), (1, 1), (5, 64)])
def test_any_size_gives_logits_of_twice_the_grid(height: int, width: int) -> None:
    assert tiny()(torch.zeros(2, 3, height, width)).shape == (2, 2, 2 * height, 2 * width)


def test_a_place_is_told_where_it_is() -> None:
    net = tiny()
    even, spot = torch.zeros(1, 3, 64, 64), torch.zeros(1, 3, 64, 64)
    spot[..., 32, 32] = 5
    change = (net(spot) - net(even)).abs().amax(dim=(0, 1))  # 128 x 128
    assert change[56:76, 56:76].amax() > 10 * change[:, :40].amax()
    assert change[64, 64] > 0


def test_strips_carry_what_a_column_has_up_and_down_but_not_across() -> None:
    strips = Strips(2, 2)
    for parameter in strips.parameters():
        nn.init.constant_(parameter, 0.1)
    line = torch.zeros(1, 2, 96, 40)
    line[:, :, :16, 20] = 4
    with torch.no_grad():
        change = (strips(line) - strips(torch.zeros_like(line))).abs().amax(dim=(0, 1))  # 96 x 40
    assert change[40, 20] > 0  # two strips farther down
    assert not change[60:].any()
    assert not change[:, :15].any()
    assert torch.equal(change[16], change[31])


def test_the_measured_odds_scale_and_shift_each_plane() -> None:
    net, x = tiny(), torch.rand(1, 3, 16, 16)
    before = net(x)
    net.scale.copy_(torch.tensor([2.0, 1.0]))
    net.shift.copy_(torch.tensor([0.0, -1.5]))
    after = net(x)
    torch.testing.assert_close(after[:, 0], 2 * before[:, 0])
    torch.testing.assert_close(after[:, 1], before[:, 1] - 1.5)


def test_levels_without_depths_are_refused() -> None:
    with pytest.raises(ValueError, match="one of each for every level"):
        DetectorNet(3, widths=(4, 6), depths=(1,))
