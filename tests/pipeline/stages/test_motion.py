import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch

from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.settings import resolve
from reelfix.pipeline.stage import ClipFormat, Window
from reelfix.pipeline.stages.motion import Motion, MotionSettings
from reelfix.restoration.models.errors import ModelError, UnknownModelError
from reelfix.restoration.motion import Motion as Flows

CLIP = ClipFormat(40, 60, 1, 8, 24.0)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def raft(tmp_path_factory: pytest.TempPathFactory) -> Path:
    models = pytest.importorskip("torchvision.models.optical_flow")
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("raft") / "raft.pth"
    torch.save(models.raft_small(weights=None).state_dict(), path)
    return path


def stage(model: str, iterations: int = 1) -> Motion:
    return Motion(MotionSettings(model=model, iterations=iterations), CLIP)


def clip(count: int) -> torch.Tensor:
    coarse = torch.from_numpy(np.random.default_rng(2).random((1, 1, 20, 30 + count), np.float32))
    whole = torch.nn.functional.interpolate(coarse, scale_factor=2, mode="bicubic").clamp(0, 1)[0]
    return torch.stack([whole[:, :, 2 * t : 2 * t + 60] for t in range(count)])


def run(made: Motion, frames: torch.Tensor, block: int) -> Flows:
    process, count = made.open(CPU), len(frames)
    parts = []
    for start in range(0, count, block):
        stop = min(start + block, count)
        first, last = max(start - made.handle, 0), min(stop + made.handle, count)
        window = Window({"frames": frames[first:last]}, start, stop, start - first, last - stop, count)
        parts.append(process(window)["motion"])
    names = ("forward", "backward", "forward_confidence", "backward_confidence")
    return Flows(*(torch.cat([getattr(part, name) for part in parts]) for name in names))


def test_by_default_there_is_no_net() -> None:
    made = stage("dis")
    assert MotionSettings().model == "dis"
    assert (made.models, made.weights, made.version) == ((), (), 2)


def test_the_net_is_named_by_its_absolute_path_and_digest(
    raft: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(raft.parent)
    made = stage("raft.pth")
    assert made.models == (str(raft),)
    assert made.weights == (hashlib.sha256(raft.read_bytes()).hexdigest(),)


def test_flows_are_the_nets_whatever_the_blocks(raft: Path) -> None:
    frames = clip(5)
    whole, blocks, again = (run(stage(str(raft)), frames, block) for block in (5, 2, 5))
    assert whole.forward.shape == (5, 2, 20, 30)
    for name in ("forward", "backward", "forward_confidence", "backward_confidence"):
        assert torch.equal(getattr(whole, name), getattr(blocks, name))
        assert torch.equal(getattr(whole, name), getattr(again, name))
    assert not torch.equal(whole.forward, run(stage("dis"), frames, 5).forward)
    assert not torch.equal(whole.forward, run(stage(str(raft), 2), frames, 5).forward)


def test_one_frame_has_no_motion(raft: Path) -> None:
    assert not run(stage(str(raft)), clip(1), 1).forward.any()


def test_what_is_no_path_is_refused() -> None:
    with pytest.raises(
        UsageError, match=r"motion\.model = 'raft' is not allowed: .*must be dis, or the path"
    ):
        resolve("motion", {"motion": {"model": "raft"}})


def test_a_wrong_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.pth"
    with pytest.raises(UnknownModelError, match="no such file"):
        _ = stage(str(path)).weights
    torch.save({"features.0.weight": torch.ones(1)}, path)
    with pytest.raises(ModelError, match=r"other\.pth is no RAFT.*motion\.model=dis"):
        stage(str(path)).open(CPU)
