import numpy as np
import pytest

from reelfix.restoration.blotch_edges import EDGE_EVIDENCE, edges_of
from reelfix.restoration.blotch_evidence import EVIDENCE, Scene, evidence
from reelfix.restoration.blotches import Region, find_blotches
from reelfix.restoration.spikes import BODY, spikes_of

PASSED = slice(20, 23)  # beside it before and after, either, and on one line


def scene(before: np.ndarray, luma: np.ndarray, after: np.ndarray) -> Scene:
    height, width = luma.shape
    still = np.zeros((height // 2, width // 2, 2), np.float32)
    sure = np.ones((height // 2, width // 2), np.float32)
    return Scene(luma, [before, after, before, after], [still, still], [sure, sure], True)


def pictures() -> list[np.ndarray]:
    random = np.random.default_rng(2)
    return [(0.5 + random.normal(0, 0.005, (96, 120))).astype(np.float32) for _ in range(3)]


def test_blotches_need_a_seed_and_two_pixels() -> None:
    score = np.zeros((20, 30), np.float32)
    score[2:4, 2:6] = BODY + 0.1
    score[3, 4] = 1.2
    score[10:14, 10:14] = BODY + 0.1  # no seed
    score[18, 28] = 5  # one pixel
    blotches = find_blotches(score, body=BODY)
    assert blotches.count == 1
    assert blotches.boxes.tolist() == [[2, 2, 4, 2, 8]]
    assert (blotches.labels > 0).sum() == 8


def test_regions_have_means_and_peaks() -> None:
    labels = np.array([[1, 1, 0, 2]], np.uint16)
    region = Region(labels, 2)
    plane = np.array([[1.0, 3.0, 9.0, 5.0]], np.float32)
    assert region.mean(plane).tolist() == [2.0, 5.0]
    assert region.peaks(plane).tolist() == [1, 3]


@pytest.mark.parametrize("way", [-0.3, 0.3])
def test_what_moves_leaves_its_trace_beside_and_dirt_does_not(way: float) -> None:
    before, luma, after = pictures()
    luma[40:46, 50:56] += way
    dirt = scene(before, luma, after)
    moving = scene(before.copy(), luma, after.copy())
    moving.views[0][40:46, 36:42] += way
    moving.views[1][40:46, 64:70] += way
    found = []
    for case in (dirt, moving):
        spikes = spikes_of(luma, case.views[0], case.views[1], is_between=True)
        blotches = find_blotches(spikes.score, body=BODY)
        rows = evidence(blotches, case, spikes, 1.0)
        assert rows.shape == (EVIDENCE, blotches.count)
        assert np.isfinite(rows).all()
        label = blotches.labels[43, 53] - 1
        found.append(rows[PASSED, label])
    assert (found[0] < -2).all()
    assert (found[1] > -0.5).all()


def test_edges_reach_two_pixels_beyond() -> None:
    before, luma, after = pictures()
    luma[40:46, 50:56] += 0.3
    case = scene(before, luma, after)
    spikes = spikes_of(luma, before, after, is_between=True)
    blotches = find_blotches((spikes.score > 3).astype(np.float32) * 2, body=BODY)
    edges = edges_of(blotches, case, spikes)
    grown = np.zeros(luma.shape, np.bool_)
    grown.ravel()[edges.place] = True
    assert blotches.count == 1
    assert grown[38:48, 48:58].all()
    assert grown.sum() == 100
    odds = np.array([6.0])
    assert edges.evidence(odds).shape == (EDGE_EVIDENCE, 100)
    assert (edges.evidence(odds)[0] == 2.0).all()
