import pytest
import torch

from reelfix.restoration.fusion import fused, same_scene


def test_past_and_future_are_fused_by_weight_and_the_past_counts_for_so_much_at_most() -> None:
    values = torch.tensor([4.0, 8.0, 0.0])[:, None]
    weights = torch.tensor([9.0, 1.0, 0.0])[:, None]
    changes, count = fused(values, weights, has_past=True, most=3)
    assert changes.flatten().tolist() == pytest.approx([3 * 4 / 4, (3 * 4 + 8) / 5])
    assert count.tolist() == [4]


def test_without_a_past_all_are_ahead() -> None:
    values, weights = torch.tensor([4.0, 8.0])[:, None], torch.ones(2, 1)
    changes, count = fused(values, weights, has_past=False, most=3)
    assert changes.flatten().tolist() == pytest.approx([0, 4])
    assert count.tolist() == [1]


def test_a_frame_of_little_weight_gives_way() -> None:
    values, weights = torch.tensor([4.0])[:, None], torch.tensor([3.0])[:, None]
    changes, count = fused(values, weights, has_past=True, most=3, own=torch.tensor([0.5]))
    assert changes.flatten().tolist() == pytest.approx([12 / 3.5] * 2)
    assert count.tolist() == [3.5]


def test_a_cut_is_another_scene() -> None:
    trust = torch.tensor([0.12, 0.225, 0.3, 0.9])[:, None, None].expand(4, 5, 6)
    assert same_scene(trust).flatten().tolist() == pytest.approx([0, 0.5, 1, 1])
