import pytest
import torch

from reelfix.restoration.colour.compact_encoder import DEPTHS, STRIDES, WIDTHS, CompactEncoder, folded


def test_stages_are_as_coarse_as_stated() -> None:
    encoder = CompactEncoder(4, (2, 3, 4, 5, 6, 7, 8), (1,) * 7).eval()
    with torch.no_grad():
        stages = encoder(torch.rand((1, 1, 64, 96)))
    assert [tuple(stage.shape[1:]) for stage in stages] == [
        (channels, 64 // stride, 96 // stride)
        for channels, stride in zip((2, 3, 4, 5, 6, 7, 8), STRIDES, strict=True)
    ]


def test_seven_stages_are_needed() -> None:
    with pytest.raises(ValueError, match="one for every stage"):
        CompactEncoder(4, (2, 3), (1, 1))


@pytest.mark.parametrize(
    ("name", "widths", "depths"),
    [
        ("efficientnet-lite0", (16, 24, 40, 80, 112, 192, 320), (1, 2, 2, 3, 3, 4, 1)),
        ("efficientnet-lite2", WIDTHS, DEPTHS),
    ],
)
def test_the_package_s_nets_give_the_same_features(
    name: str, widths: tuple[int, ...], depths: tuple[int, ...]
) -> None:
    package = pytest.importorskip("efficientnet_lite_pytorch")
    torch.manual_seed(5)
    theirs = package.EfficientNet.from_name(name, image_size=64).eval().double()
    for module in theirs.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.1, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    ours = CompactEncoder(widths=widths, depths=depths).eval().double()
    ours.load_state_dict(folded(theirs.state_dict(), depths))
    picture = torch.rand((1, 3, 64, 64), dtype=torch.float64)
    with torch.no_grad():
        x = (picture - ours.mean) / ours.deviation
        x = theirs._swish(theirs._bn0(theirs._conv_stem(x)))
        for block in theirs._blocks:
            x = block(x)
        torch.testing.assert_close(ours(picture)[-1], x, atol=1e-6, rtol=1e-6)
