"""The authors' weights: every tensor in its place, nothing but tensors unpickled, wrong files named."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from reelfix.restoration.colour import published
from reelfix.restoration.colour.eccv16 import Eccv16
from reelfix.restoration.colour.lab import lightness
from reelfix.restoration.colour.net import Hints
from reelfix.restoration.colour.siggraph17 import Siggraph17, SiggraphShape
from reelfix.restoration.models.descriptor import describe
from reelfix.restoration.models.errors import ModelError

TINY = 2


def _conv(a: int, b: int, size: int = 3, *, dilation: int = 1, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(a, b, size, stride, dilation * (size // 2), dilation)


def _up(a: int, b: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(a, b, 4, 2, 1)


class TheirEccv(nn.Module):
    """The authors' automatic net, with their names; theirs has `width` 64."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        r, n = nn.ReLU, nn.BatchNorm2d
        w1, w2, w4, w8 = width, 2 * width, 4 * width, 8 * width
        self.model1 = nn.Sequential(_conv(1, w1), r(), _conv(w1, w1, stride=2), r(), n(w1))
        self.model2 = nn.Sequential(_conv(w1, w2), r(), _conv(w2, w2, stride=2), r(), n(w2))
        self.model3 = nn.Sequential(
            _conv(w2, w4), r(), _conv(w4, w4), r(), _conv(w4, w4, stride=2), r(), n(w4)
        )
        self.model4 = nn.Sequential(_conv(w4, w8), r(), _conv(w8, w8), r(), _conv(w8, w8), r(), n(w8))
        for name, dilation in (("model5", 2), ("model6", 2), ("model7", 1)):
            convs = [_conv(w8, w8, dilation=dilation) for _ in range(3)]
            setattr(self, name, nn.Sequential(convs[0], r(), convs[1], r(), convs[2], r(), n(w8)))
        self.model8 = nn.Sequential(
            _up(w8, w4), r(), _conv(w4, w4), r(), _conv(w4, w4), r(), _conv(w4, 313, 1)
        )
        self.model_out = nn.Conv2d(313, 2, 1, bias=False)

    def forward(self, light: torch.Tensor) -> torch.Tensor:
        x = (light - 50) / 100
        for index in range(1, 9):
            x = getattr(self, f"model{index}")(x)
        out: torch.Tensor = self.model_out(x.softmax(1)) * 110
        return out  # theirs is enlarged by 4 then


class TheirSiggraph(nn.Module):
    """The authors' guided net, with their names; theirs has `width` 64."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        r, n = nn.ReLU, nn.BatchNorm2d
        w1, w2, w4, w8 = width, 2 * width, 4 * width, 8 * width
        self.model1 = nn.Sequential(_conv(4, w1), r(), _conv(w1, w1), r(), n(w1))
        self.model2 = nn.Sequential(_conv(w1, w2), r(), _conv(w2, w2), r(), n(w2))
        self.model3 = nn.Sequential(_conv(w2, w4), r(), _conv(w4, w4), r(), _conv(w4, w4), r(), n(w4))
        self.model4 = nn.Sequential(_conv(w4, w8), r(), _conv(w8, w8), r(), _conv(w8, w8), r(), n(w8))
        for name, dilation in (("model5", 2), ("model6", 2), ("model7", 1)):
            convs = [_conv(w8, w8, dilation=dilation) for _ in range(3)]
            setattr(self, name, nn.Sequential(convs[0], r(), convs[1], r(), convs[2], r(), n(w8)))
        self.model8up = nn.Sequential(_up(w8, w4))
        self.model8 = nn.Sequential(r(), _conv(w4, w4), r(), _conv(w4, w4), r(), n(w4))
        self.model9up = nn.Sequential(_up(w4, w2))
        self.model9 = nn.Sequential(r(), _conv(w2, w2), r(), n(w2))
        self.model10up = nn.Sequential(_up(w2, w2))
        self.model10 = nn.Sequential(r(), _conv(w2, w2), nn.LeakyReLU(0.2))
        self.model3short8 = nn.Sequential(_conv(w4, w4))
        self.model2short9 = nn.Sequential(_conv(w2, w2))
        self.model1short10 = nn.Sequential(_conv(w1, w2))
        self.model_class = nn.Sequential(_conv(w4, 529, 1))
        self.model_out = nn.Sequential(_conv(w2, 2, 1), nn.Tanh())

    def forward(self, light: torch.Tensor, ab: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, ...]:
        one = self.model1(torch.cat([(light - 50) / 100, ab / 110, mask], 1))
        two = self.model2(one[:, :, ::2, ::2])
        three = self.model3(two[:, :, ::2, ::2])
        x = self.model4(three[:, :, ::2, ::2])
        for index in (5, 6, 7):
            x = getattr(self, f"model{index}")(x)
        eight = self.model8(self.model8up(x) + self.model3short8(three))
        nine = self.model9(self.model9up(eight) + self.model2short9(two))
        ten = self.model10(self.model10up(nine) + self.model1short10(one))
        return self.model_out(ten) * 110, self.model_class(eight)


def _random(net: nn.Module) -> nn.Module:
    """Give norms statistics of their own, and layers weights that let something through."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-0.3, 0.3)
            module.running_var.uniform_(0.3, 2)
            nn.init.uniform_(module.weight, 0.5, 1.5)
        elif isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.xavier_normal_(module.weight)
    return net.eval()


@torch.no_grad()
def test_the_loaded_eccv16_computes_what_the_authors_does(tmp_path: Path) -> None:
    torch.manual_seed(0)
    theirs = _random(TheirEccv(TINY))
    theirs.model8[6].weight *= 5
    theirs.model_out.weight.uniform_(-1, 1)
    torch.save(theirs.state_dict(), tmp_path / "release.pth")
    ours = published.load_release(tmp_path / "release.pth")
    assert isinstance(ours, Eccv16)
    luma = torch.rand(2, 1, 24, 32)
    wanted = theirs(lightness(luma))
    assert wanted.std() > 1
    assert torch.allclose(ours.predict(luma).ab, wanted, atol=1e-3)
    assert torch.allclose(ours.bins, 110 * theirs.model_out.weight[:, :, 0, 0].T)


@torch.no_grad()
def test_the_loaded_siggraph17_computes_what_the_authors_does(tmp_path: Path) -> None:
    torch.manual_seed(0)
    theirs = _random(TheirSiggraph(TINY))
    torch.save(theirs.state_dict(), tmp_path / "release.pth")
    ours = published.load_release(tmp_path / "release.pth")
    assert isinstance(ours, Siggraph17)
    luma = torch.rand(2, 1, 24, 32)
    ab = torch.zeros(2, 2, 6, 8)
    weight = torch.zeros(2, 1, 6, 8)
    ab[:, :, 2, 3], weight[:, :, 2, 3] = torch.tensor([40.0, -60.0]), 1
    told = [F.interpolate(part, scale_factor=4.0) for part in (ab, weight)]
    whole, classes = theirs(lightness(luma), *told)
    seen = ours(lightness(luma) / 100, Hints(ab, weight))
    assert torch.allclose(seen.ab, whole, atol=1e-3)
    assert torch.allclose(seen.logits, classes, atol=1e-4)
    untold, _ = theirs(lightness(luma), *(torch.zeros_like(part) for part in told))
    assert (untold - whole).abs().max() > 1
    assert torch.allclose(ours.predict(luma).ab, F.avg_pool2d(untold, 4), atol=1e-3)


def test_names_and_shapes_of_the_releases() -> None:
    with torch.device("meta"):
        pairs = (
            (Eccv16(64, bins=313), TheirEccv(), published.eccv16_names()),
            (Siggraph17(SiggraphShape()), TheirSiggraph(), published.siggraph17_names()),
        )
    for ours, theirs, names in pairs:
        named = {
            f"{names[layer]}.{kind}": tensor.shape
            for name, tensor in ours.state_dict().items()
            for layer, _, kind in [name.rpartition(".")]
            if layer in names
        }
        wanted = {name: tensor.shape for name, tensor in theirs.state_dict().items()}
        decoded = wanted.pop("model_out.weight", None)
        assert named == wanted
        assert decoded in (None, (2, 313, 1, 1))
    # Written down from the release.
    assert wanted["model1.0.weight"] == (64, 4, 3, 3)
    assert wanted["model7.6.running_mean"] == (512,)
    assert wanted["model8up.0.weight"] == (512, 256, 4, 4)
    assert wanted["model1short10.0.weight"] == (128, 64, 3, 3)
    assert wanted["model_class.0.weight"] == (529, 256, 1, 1)
    assert wanted["model_out.0.weight"] == (2, 128, 1, 1)


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize(("theirs", "name"), [(TheirEccv, "eccv16"), (TheirSiggraph, "siggraph17")])
@torch.no_grad()
def test_a_converted_release_is_one_of_our_nets(
    tmp_path: Path, theirs: type[nn.Module], name: str, half: bool
) -> None:
    torch.manual_seed(0)
    torch.save(_random(theirs(TINY)).state_dict(), tmp_path / "release.pth")
    net = published.load_release(tmp_path / "release.pth")
    published.save_colour(net, tmp_path / "net.safetensors", half=half)
    described = describe(str(tmp_path / "net.safetensors"))
    assert described.architecture.name == f"colour-{name}"
    assert (described.channels, described.multiple) == (1, 8)
    luma = torch.rand(1, 1, 16, 16)
    built = described.build()
    for found, wanted in zip(built.predict(luma), net.predict(luma), strict=True):
        assert torch.allclose(found, wanted, atol=0.5 if half else 1e-5)


def test_what_is_no_release_is_named(tmp_path: Path) -> None:
    torch.save({"model1.0.weight": Path("x")}, tmp_path / "evil.pth")
    with pytest.raises(ModelError, match="refused"):
        published.load_release(tmp_path / "evil.pth")
    torch.save({"a": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(ModelError, match=r"no 'model1\.0\.weight'"):
        published.load_release(tmp_path / "other.pth")
    state = TheirEccv(TINY).state_dict()
    short = {name: tensor for name, tensor in state.items() if name != "model4.2.bias"}
    torch.save(short, tmp_path / "short.pth")
    with pytest.raises(ModelError, match=r"lacks 'model4\.2\.bias'"):
        published.load_release(tmp_path / "short.pth")
    torch.save(state | {"model8.0.bias": torch.zeros(5)}, tmp_path / "odd.pth")
    with pytest.raises(ModelError, match=r"'model8\.0\.bias' has the shape \(5,\).*has \(8,\)"):
        published.load_release(tmp_path / "odd.pth")


def test_prefixes_and_missing_counters_do_no_harm(tmp_path: Path) -> None:
    torch.manual_seed(0)
    state = TheirSiggraph(TINY).state_dict()
    old = {f"module.{name}": tensor for name, tensor in state.items() if "num_batches" not in name}
    torch.save(old, tmp_path / "old.pth")
    net = published.load_release(tmp_path / "old.pth")
    assert torch.equal(net.state_dict()["trunk.6.norm.running_var"], state["model7.6.running_var"])
    assert torch.equal(net.state_dict()["up.1.weight"], state["model9up.0.weight"])
