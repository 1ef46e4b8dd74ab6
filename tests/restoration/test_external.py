import hashlib
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from reelfix.restoration.external import describe_external, load_external
from reelfix.restoration.models.errors import ModelError

pytest.importorskip("spandrel")

from spandrel.architectures.Compact import Compact
from spandrel.architectures.DRUNet import DRUNet


def compact_file(path: Path, *, channels: int = 3, scale: int = 1, gain: float = 0.5, **more: Any) -> Path:
    """Write a tiny random net of Real-ESRGAN's compact kind: it adds what it makes to its input, enlarged."""
    torch.manual_seed(1)
    net = Compact(num_in_ch=channels, num_out_ch=channels, num_feat=4, num_conv=1, upscale=scale)
    state = {key: value * gain for key, value in net.state_dict().items()}
    if path.suffix == ".safetensors":
        save_file(state | more, path)
    else:
        torch.save({"params_ema": state | more}, path)
    return path


def pictures(count: int, channels: int, height: int = 19, width: int = 26) -> torch.Tensor:
    return torch.rand(count, channels, height, width, generator=torch.Generator().manual_seed(2))


def straight(path: Path, picture: torch.Tensor) -> torch.Tensor:
    """What spandrel itself makes of a file of weights."""
    from spandrel import ModelLoader

    net: Any = ModelLoader().load_from_file(path)
    made: torch.Tensor = net(picture)
    return made


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_a_net_is_described_with_its_digest(tmp_path: Path, suffix: str) -> None:
    path = compact_file(tmp_path / f"own.{suffix}", scale=2)
    found = describe_external(path)
    assert (found.name, found.file, found.architecture) == ("own", f"own.{suffix}", "RealESRGAN Compact")
    assert (found.channels, found.scale, found.purpose, found.tags) == (3, 2, "SR", ("4nf", "1nc"))
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.precisions == ("float32", "bfloat16", "float16")
    assert found.parameters > 100


def test_a_net_of_scale_one_does_what_spandrel_does(tmp_path: Path) -> None:
    path = compact_file(tmp_path / "own.pth")
    given = pictures(2, 3)
    kept = given.clone()
    made = load_external(path)(given)
    for one, picture in zip(made, given, strict=True):
        torch.testing.assert_close(one, straight(path, picture[None])[0])
    assert float((made - given).abs().mean()) > 0.01
    assert torch.equal(given, kept)
    made += 1  # a plain tensor, that may be written to


def test_gray_and_colour_go_through_nets_of_either(tmp_path: Path) -> None:
    colour = load_external(compact_file(tmp_path / "rgb.pth"))
    gray = load_external(compact_file(tmp_path / "gray.pth", channels=1, gain=0.05))
    one = pictures(1, 1) * 0.6 + 0.2
    expected = colour(one.expand(-1, 3, -1, -1)).mean(dim=1, keepdim=True)
    torch.testing.assert_close(colour(one), expected)
    three = one + torch.tensor([0.1, -0.05, 0.0])[None, :, None, None]
    made = gray(three)
    change = made - three
    assert float(change.abs().mean()) > 1e-3
    torch.testing.assert_close(change[:, 0], change[:, 1])  # the chroma stays
    luma = (three * torch.tensor([0.299, 0.587, 0.114])[None, :, None, None]).sum(dim=1, keepdim=True)
    torch.testing.assert_close(luma + change[:, :1], gray(luma), atol=1e-5, rtol=0)


@pytest.mark.parametrize("scale", [2, 4])
def test_what_a_net_enlarges_comes_back_to_its_size(tmp_path: Path, scale: int) -> None:
    """A net that adds nothing to what it enlarges, each pixel to an area, gives the picture back."""
    net = load_external(compact_file(tmp_path / "own.pth", scale=scale, gain=0.0))
    given = pictures(1, 3)
    torch.testing.assert_close(net(given), given, atol=1e-6, rtol=0)


def test_tiles_make_the_same_picture(tmp_path: Path) -> None:
    path = compact_file(tmp_path / "own.pth", scale=2)
    given = pictures(1, 3, 150, 301)
    whole, tiled = load_external(path)(given), load_external(path, tile=140)(given)
    torch.testing.assert_close(tiled, whole, atol=1e-5, rtol=0)


def test_sizes_are_padded_to_the_nets_multiples(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = DRUNet(in_nc=4, out_nc=3, nc=[4, 4, 4, 4], nb=2)
    torch.save(net.state_dict(), tmp_path / "own.pth")
    loaded = load_external(tmp_path / "own.pth")
    assert (loaded.descriptor.architecture, loaded.descriptor.multiple) == ("DRUNet", 8)
    assert loaded(pictures(2, 3, 13, 21)).shape == (2, 3, 13, 21)


def test_each_picture_goes_by_itself(tmp_path: Path) -> None:
    net = load_external(compact_file(tmp_path / "own.pth"))
    given = pictures(3, 3)
    assert torch.equal(net(given)[1:2], net(given[1:2]))
    with torch.inference_mode():
        assert torch.equal(net(given), net(given.clone()))
    assert net(given[:0]).shape == (0, 3, 19, 26)


def test_the_number_of_threads_changes_nothing(tmp_path: Path) -> None:
    net = load_external(compact_file(tmp_path / "own.pth"))
    seen: list[int] = []
    net._loaded.model.register_forward_hook(lambda *_: seen.append(torch.get_num_threads()))
    given, threads = pictures(3, 3), torch.get_num_threads()
    made = []
    try:
        for count in (1, 3):
            torch.set_num_threads(count)
            made.append(net(given))
            assert torch.get_num_threads() == count
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(*made)
    assert seen == [1] * 6


def test_bfloat16_is_near_and_comes_back_as_float32(tmp_path: Path) -> None:
    path = compact_file(tmp_path / "own.pth")
    given = pictures(1, 3)
    made = load_external(path, precision="bfloat16")(given)
    assert made.dtype == torch.float32
    difference = (made - load_external(path)(given)).abs()
    assert 0 < float(difference.max()) < 0.02


def test_what_cannot_be_used_is_told(tmp_path: Path) -> None:
    torch.save({"a.weight": torch.zeros(2, 2)}, tmp_path / "none.pth")
    with pytest.raises(ModelError, match="no net that spandrel knows"):
        load_external(tmp_path / "none.pth")
    path = compact_file(tmp_path / "more.pth", **{"body.9.weight": torch.zeros(3)})
    with pytest.raises(ModelError, match="does not fit the net that it looks like"):
        load_external(path)
    torch.save(DRUNet(in_nc=4, out_nc=3, nc=[4] * 4, nb=2).state_dict(), tmp_path / "drunet.pth")
    with pytest.raises(ModelError, match=r"DRUNet\) does not compute in float16"):
        load_external(tmp_path / "drunet.pth", precision="float16")
    with pytest.raises(ValueError, match="1 or 3"):
        load_external(compact_file(tmp_path / "own.pth"))(torch.zeros(1, 2, 8, 8))


def test_an_answer_that_is_no_number_is_refused(tmp_path: Path) -> None:
    net = load_external(compact_file(tmp_path / "own.pth", gain=float("nan")))
    with pytest.raises(ModelError, match="no number"):
        net(pictures(1, 3))
