import numpy as np
import pytest
import torch
from torch import nn

from reelfix.restoration.detect import detect_damage
from reelfix.restoration.detector import (
    Detector,
    Looks,
    fast_precision,
    load_detector,
    look_at,
    without_blobs,
    without_guesses,
    without_still,
)
from reelfix.restoration.detector_inputs import INPUTS
from reelfix.restoration.detector_net import DetectorNet
from reelfix.restoration.models.errors import UnknownModelError
from reelfix.restoration.motion import Motion
from reelfix.restoration.optical_flow import estimate_motion

CPU = torch.device("cpu")


def tiny(inputs: int = INPUTS) -> DetectorNet:
    """A net that follows what was found without one: dirt in channels 12 to 15, scratches in 16 to 19."""
    net = DetectorNet(inputs, widths=(8, 8), depths=(0, 0), strips=1).eval()
    for parameter in net.parameters():
        nn.init.zeros_(parameter)
    with torch.no_grad():
        for part in range(8):
            net.stem.weight[part, 12 + part if inputs == INPUTS else 0, 1, 1] = 1
            net.head.weight[part, part, 1, 1] = 8
        net.head.bias -= 4  # type: ignore[operator]
    return net


def dirty(count: int = 6) -> torch.Tensor:
    random = np.random.default_rng(1)
    frames = random.normal(0.5, 0.01, (count, 1, 64, 96)) + np.linspace(-0.2, 0.2, 96)
    frames[3, :, 30:36, 40:46] = 0.95
    return torch.from_numpy(frames.astype(np.float32))


def test_what_the_net_says_is_the_mask() -> None:
    frames = dirty()
    motion = estimate_motion(frames)
    free = detect_damage(frames, motion, slice(2, 5))
    judged = detect_damage(frames, motion, slice(2, 5), detector=Detector(tiny()))
    assert (judged[1, 0, 31:35, 41:45] > 240).all()
    assert torch.equal(judged >= 128, free >= 128)
    # What is as good as certain not to be damaged is 0.
    assert not ((judged > 0) & (judged < 16)).any()


def test_a_kind_left_out_is_not_marked_and_the_other_is_the_same() -> None:
    frames = dirty()
    motion, detector = estimate_motion(frames), Detector(tiny())
    both = detect_damage(frames, motion, slice(3, 4), detector=detector)
    dirt = detect_damage(frames, motion, slice(3, 4), detector=detector, scratches=False)
    assert torch.equal(dirt[:, 0], both[:, 0])
    assert not dirt[:, 1].any()
    assert not detect_damage(frames, motion, slice(3, 4), detector=detector, dirt=False)[:, 0].any()


def test_a_single_frame_is_judged_without_the_net() -> None:
    frames = dirty()[3:4]
    net = tiny()
    nn.init.constant_(net.head.bias, 9.0)  # type: ignore[arg-type]
    assert not detect_damage(frames, estimate_motion(frames), slice(None), detector=Detector(net)).any()


@pytest.mark.parametrize(("height", "width"), [(48, 64), (33, 47)])
def test_the_shipped_net_gives_the_same_bytes_on_any_number_of_threads(height: int, width: int) -> None:
    detector, before = load_detector("detector", CPU), torch.get_num_threads()
    inputs = np.random.default_rng(3).normal(0, 1, (INPUTS, -(-height // 2), -(-width // 2)))
    masks = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            masks.append(detector.probability(inputs.astype(np.float32), height, width))
    finally:
        torch.set_num_threads(before)
    assert masks[0].shape == (2, height, width)
    assert masks[0].any()
    for mask in masks[1:]:
        np.testing.assert_array_equal(mask, masks[0])


def test_a_mark_that_only_the_net_sees_must_be_sure_somewhere() -> None:
    dirt, known = np.zeros((60, 60), np.uint8), np.zeros((60, 60), np.uint8)
    dirt[5:10, 5:10] = 200  # a guess
    dirt[20:25, 5:10], dirt[22, 7] = 150, 240  # sure in its middle
    dirt[40:45, 5:10], known[40, 5] = 180, 60  # a trace is known
    dirt[5:10, 40:45] = 90
    left = without_guesses(dirt, known)
    assert (left[5:10, 5:10] == 127).all()
    rest = dirt.copy()
    rest[5:10, 5:10] = 127
    np.testing.assert_array_equal(left, rest)


def lined() -> DetectorNet:
    """A net that takes what is brighter than its surroundings for scratches, and for dirt."""
    net = tiny()
    with torch.no_grad():
        net.stem.weight.zero_()
        for part in range(8):
            net.stem.weight[part, part % 4, 1, 1] = 1
    return net


def test_a_line_at_the_black_beside_the_picture_is_no_scratch_and_marks_have_no_holes() -> None:
    frames = dirty(12)
    frames[:, :, :, :6] = 0.06
    frames[:, :, :, 8:10] += 0.2
    frames[3, :, 24:40, 60:80] = 0.95
    frames[3, :, 32:34, 70:72] = 0.3
    net = Detector(lined())
    mask = detect_damage(frames, estimate_motion(frames), slice(3, 4), detector=net)[0]
    assert (mask[0, :, 8:10] >= 128).float().mean() > 0.9  # the net sees it
    assert (mask[1, :, 6:11] < 128).all()
    assert (mask[0, 25:39, 61:79] >= 128).all()


def test_blobs_that_stay_on_a_still_scene_are_no_lines() -> None:
    lines, known = np.zeros((480, 300), np.uint8), np.zeros((480, 300), np.uint8)
    still, moving = np.zeros((240, 150), np.float32), np.full((240, 150), 0.6, np.float32)
    lines[:, 100:106] = 200  # as wide as a hair on 8 mm film
    lines[200:230, 40:70] = 220
    lines[10:20, 10:20] = 90
    lines[100:400, 200:220] = 180  # scratches side by side
    left = without_blobs(lines, known, still)
    assert (left[:, 100:106] == 200).all()
    assert (left[200:230, 40:70] == 127).all()
    assert (left[10:20, 10:20] == 90).all()
    assert (left[100:400, 200:220] == 180).all()
    np.testing.assert_array_equal(without_blobs(lines, lines, still), lines)
    np.testing.assert_array_equal(without_blobs(lines, known, moving), lines)


def test_on_a_still_scene_lines_that_the_net_alone_sees_are_left_alone() -> None:
    lines, known = np.zeros((80, 120), np.uint8), np.zeros((80, 120), np.uint8)
    lines[:, 20:23] = lines[10:70, 60:62] = 200
    known[20:60, 60:62] = 40  # less than even odds, and a trace all the same
    still, moving = np.zeros((40, 60), np.float32), np.full((40, 60), 0.9, np.float32)
    left = without_still(lines, known, still)
    assert (left[:, 20:23] == 127).all()
    assert (left[10:70, 60:62] == 200).all()
    np.testing.assert_array_equal(without_still(lines, known, moving), lines)
    np.testing.assert_array_equal(without_still(0 * lines, known, still), 0 * lines)


def test_frames_are_looked_at_once_and_those_passed_are_forgotten() -> None:
    lumas = list(dirty()[:, 0].numpy())
    grid = torch.zeros(6, 2, 32, 48)
    motion = Motion(grid, grid, grid[:, :1], grid[:, :1])
    looks: Looks = {}
    seen = look_at(looks, lumas[:4], motion[:4], first=10)
    assert sorted(looks) == [10, 11, 12, 13]
    later = look_at(looks, lumas[2:], motion[2:], first=12)
    assert sorted(looks) == [12, 13, 14, 15]
    assert later[0] is seen[2]
    np.testing.assert_array_equal(later[3].detail, look_at({}, lumas, motion, first=0)[5].detail)


def test_a_net_of_other_inputs_or_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match="of another version"):
        Detector(tiny(INPUTS - 1))
    with pytest.raises(UnknownModelError, match="detector"):
        load_detector("detectr", CPU)


def test_the_processor_decides_on_the_arithmetic() -> None:
    assert fast_precision(CPU) in ("bfloat16", "float32")
