import torch

from reelfix.restoration.triplet.restorer_light import in_light_of


def pictures(height: int = 150, width: int = 200) -> tuple[torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(2)
    frame = 0.3 + 0.4 * torch.rand((1, 1, height, width), generator=random)
    return frame, frame + 0.02 * torch.randn((1, 4, height, width), generator=random)


def test_other_light_is_evened_out() -> None:
    frame, others = pictures()
    slope = torch.linspace(-0.1, 0.1, 200)
    unlike = others + slope + torch.tensor([0.1, -0.1, 0.05, 0.0])[:, None, None]
    before, after = ((each - frame).mean(dim=2) for each in (unlike, in_light_of(frame, unlike)))
    assert before.abs().mean() > 0.05
    assert after.abs().mean() < 0.15 * before.abs().mean()
    # Noise stays: it is what a neighbour is asked for.
    assert abs(float((in_light_of(frame, unlike) - frame).std() - 0.02)) < 0.005


def test_in_the_same_light_hardly_anything_changes() -> None:
    frame, others = pictures()
    assert (in_light_of(frame, others) - others).abs().max() < 0.01
    assert torch.equal(in_light_of(frame, frame), frame)


def test_dirt_and_small_pictures_do_no_harm() -> None:
    frame, others = pictures(17, 33)
    others[..., 4:9, 4:12] = 0
    assert (in_light_of(frame, others) - others).abs().max() < 0.02
