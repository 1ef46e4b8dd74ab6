import torch

from reelfix.restoration.user_mask import with_user_mask


def test_what_is_drawn_counts_above_what_is_found() -> None:
    found = torch.tensor([[[200, 200, 30, 30]], [[0, 160, 90, 0]]], dtype=torch.uint8)[None]  # 1x2x1x4
    drawn = torch.zeros(1, 3, 1, 4, dtype=torch.uint8)
    drawn[0, 2, 0, 1:3] = torch.tensor([128, 255])  # protect
    drawn[0, 0, 0, 2] = 255  # dirt, in spite of that
    drawn[0, 1, 0, 3] = 140  # scratch
    result = with_user_mask(found, drawn)
    assert result.dtype == torch.uint8
    assert result[0, 0, 0].tolist() == [200, 0, 255, 30]
    assert result[0, 1, 0].tolist() == [0, 0, 0, 140]


def test_too_faint_a_protection_says_nothing() -> None:
    found = torch.full((1, 2, 2, 2), 150, dtype=torch.uint8)
    drawn = torch.full((1, 3, 2, 2), 127, dtype=torch.uint8)
    assert torch.equal(with_user_mask(found, drawn), found)
