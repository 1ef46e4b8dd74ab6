import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from reelfix.restoration.models.errors import ModelError, UnknownModelError
from reelfix.restoration.net_record import net_record
from reelfix.restoration.optical_flow import estimate_motion
from reelfix.restoration.raft_flow import describe_raft, load_raft, raft_layout

optical_flow = pytest.importorskip("torchvision.models.optical_flow")
State = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def small() -> State:
    torch.manual_seed(0)
    state: State = optical_flow.raft_small(weights=None).state_dict()
    return state


def saved(state: State, path: Path) -> Path:
    if path.suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save(state, path)
    return path


def constant(state: State, dx: float, dy: float) -> State:
    """A RAFT whose every update moves the flow by (dx, dy) grid points, whatever it sees."""
    last = "update_block.flow_head.conv2"
    bias = torch.tensor([dx, dy]) / 8  # the net counts in eighths
    return {**state, f"{last}.weight": torch.zeros_like(state[f"{last}.weight"]), f"{last}.bias": bias}


def views(count: int, height: int = 40, width: int = 56) -> list[np.ndarray]:
    return list(np.random.default_rng(1).integers(0, 256, (count, height, width), np.uint8))


def test_small_and_large_are_told_apart(small: State) -> None:
    with torch.device("meta"):
        large = optical_flow.raft_large(weights=None).state_dict()
    assert raft_layout(small) == "raft_small"
    assert raft_layout(large) == "raft_large"
    assert raft_layout({"features.0.weight": 0}) is None


@pytest.mark.parametrize("name", ["net.pth", "net.pt", "net.safetensors"])
def test_the_flow_of_a_file_is_that_of_its_weights(small: State, tmp_path: Path, name: str) -> None:
    path = saved(constant(small, 1.5, -0.5), tmp_path / name)
    [(onward, back)] = load_raft(path, iterations=2)(views(2))
    assert (onward.shape, onward.dtype) == ((40, 56, 2), np.float32)
    # Two updates, and two pixels to a grid point.
    np.testing.assert_allclose(onward, np.broadcast_to([6.0, -2.0], onward.shape), atol=1e-3)
    np.testing.assert_array_equal(back, onward)


def test_flows_are_those_of_the_net_itself(small: State, tmp_path: Path) -> None:
    net = optical_flow.raft_small(weights=None).eval()
    net.load_state_dict(small)
    earlier, later = views(2, 100, 130)
    grown = [np.pad(view, ((14, 14), (3, 3)), "edge") for view in (earlier, later)]
    colours = [torch.from_numpy(view).float().expand(1, 3, -1, -1) / 127.5 - 1 for view in grown]
    with torch.inference_mode():
        expected = 2 * net(*colours, num_flow_updates=2)[-1][0].permute(1, 2, 0)[14:-14, 3:-3]
    [(onward, back)] = load_raft(saved(small, tmp_path / "net.pth"), iterations=2)([earlier, later])
    np.testing.assert_allclose(onward, expected, atol=1e-3)
    assert np.abs(onward - back).mean() > 1e-3


def test_identical_views_flow_the_same_both_ways(small: State, tmp_path: Path) -> None:
    [view] = views(1)
    [(onward, back)] = load_raft(saved(small, tmp_path / "net.pth"), iterations=1)([view, view])
    np.testing.assert_array_equal(onward, back)


def test_flows_depend_neither_on_threads_nor_on_other_pairs(small: State, tmp_path: Path) -> None:
    search = load_raft(saved(small, tmp_path / "net.pth"), iterations=1)
    given, threads = views(4), torch.get_num_threads()
    found = []
    try:
        for count in (1, 3):
            torch.set_num_threads(count)
            found.append(search(given))
    finally:
        torch.set_num_threads(threads)
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(search(given[1:3]), found[0][1:2])
    assert search(given[:1]) == []


def test_large_views_are_searched_at_half_the_size(
    small: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reelfix.restoration.raft_flow._MOST_PLACES", 256)
    search = load_raft(saved(constant(small, 1.0, 2.0), tmp_path / "net.pth"), iterations=1)
    [(onward, _)] = search(views(2, 130, 200))
    # A grid point is four pixels then.
    np.testing.assert_allclose(onward, np.broadcast_to([4.0, 8.0], onward.shape), atol=1e-2)


def test_motion_is_confirmed_where_the_net_is_right_and_doubted_where_not(
    small: State, tmp_path: Path
) -> None:
    coarse = torch.from_numpy(np.random.default_rng(3).random((1, 1, 30, 40), np.float32))
    still = (
        torch.nn.functional.interpolate(coarse, (90, 120), mode="bicubic").clamp(0, 1).expand(3, -1, -1, -1)
    )
    right = load_raft(saved(constant(small, 0.0, 0.0), tmp_path / "right.pth"), iterations=1)
    wrong = load_raft(saved(constant(small, 3.0, 0.0), tmp_path / "wrong.pth"), iterations=1)
    motion = estimate_motion(still, search=right)
    assert not motion.forward.any()
    assert motion.forward_confidence[0].mean() > 0.95
    doubted = estimate_motion(still, search=wrong)
    assert doubted.forward_confidence[0].mean() < 0.05
    assert doubted.backward_confidence[1].mean() < 0.05


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda state: {"features.0.weight": torch.ones(1)}, "is no RAFT: it has no 'feature_encoder"),
        (lambda state: {"module.update_block.encoder.convc1.weight": torch.ones(1)}, "its authors' names"),
        (lambda state: dict(list(state.items())[:-1]), "lacks 'context_encoder"),
        (lambda state: state | {"head.weight": torch.ones(1)}, "has besides 'head.weight'"),
        (lambda state: state | {"feature_encoder.conv.bias": torch.ones(3)}, r"shape \(3,\), not \(128,\)"),
    ],
)
def test_another_file_is_refused_with_what_to_do(
    small: State, tmp_path: Path, change: Callable[[State], State], said: str
) -> None:
    path = saved(change(dict(sorted(small.items(), reverse=True))), tmp_path / "net.pth")
    with pytest.raises(ModelError, match=f"net.pth .*{said}.* raft_small or raft_large, or motion.model=dis"):
        load_raft(path)


def test_what_is_no_number_is_refused(small: State, tmp_path: Path) -> None:
    search = load_raft(saved(constant(small, float("nan"), 0), tmp_path / "net.pth"), iterations=1)
    with pytest.raises(ModelError, match=r"net\.pth answers with what is no number"):
        search(views(2))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnknownModelError, match="no such file"):
        load_raft(tmp_path / "net.pth")


def test_without_torchvision_it_is_said_what_to_install(
    small: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "torchvision.models", None)
    with pytest.raises(ModelError, match=re.escape("pip install torchvision")):
        load_raft(saved(small, tmp_path / "net.pth"))


def test_a_trainers_wrapping_is_taken_off(small: State, tmp_path: Path) -> None:
    path = tmp_path / "net.pth"
    torch.save({"model": {f"module.{name}": tensor for name, tensor in small.items()}, "epoch": 3}, path)
    found = describe_raft(path)
    assert found is not None
    assert (found.layout, found.parameters) == ("raft_small", 990_162)


@pytest.mark.parametrize("name", ["net.pth", "net.safetensors"])
def test_the_record_tells_the_net(small: State, tmp_path: Path, name: str) -> None:
    record = net_record(str(saved(small, tmp_path / name)))
    assert (record["architecture"], record["purpose"], record["file"]) == ("raft_small", "optical flow", name)
    assert record["loaded_by"].startswith("torchvision ")
    assert len(record["sha256"]) == 64


def test_random_numbers_are_left_alone(small: State, tmp_path: Path) -> None:
    path = saved(small, tmp_path / "net.pth")
    torch.manual_seed(5)
    before = torch.get_rng_state()
    load_raft(path, iterations=1)(views(2))
    assert torch.equal(torch.get_rng_state(), before)
