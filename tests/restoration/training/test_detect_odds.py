import torch

from reelfix.restoration.training.detect_odds import fitted_odds


def test_odds_that_were_bent_are_made_straight_plane_by_plane() -> None:
    generator = torch.Generator().manual_seed(6)
    true = 2.5 * torch.randn(2, 40_000, generator=generator)
    truth = (torch.rand(true.shape, generator=generator) < true.sigmoid()).float()
    told = torch.stack([true[0] / 2 - 0.5, 3 * true[1]])
    scale, shift = fitted_odds(told, truth, torch.ones_like(truth))
    torch.testing.assert_close(scale, torch.tensor([2.0, 1 / 3]), rtol=0.05, atol=0)
    torch.testing.assert_close(shift, torch.tensor([1.0, 0.0]), rtol=0, atol=0.05)


def test_what_has_no_weight_tells_nothing() -> None:
    generator = torch.Generator().manual_seed(7)
    logits = torch.randn(2, 20_000, generator=generator)
    truth = (torch.rand(logits.shape, generator=generator) < logits.sigmoid()).float()
    weight = torch.ones_like(truth)
    expected = fitted_odds(logits, truth, weight)
    truth[:, ::3], weight[:, ::3] = 1, 0
    found = fitted_odds(logits, truth, weight)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0.08)
