import pytest
import torch

from reelfix.restoration.triplet.compact import BARS, CompactNets, CompactShape, View
from reelfix.restoration.triplet.restorer_folded import FoldedNets

CPU = torch.device("cpu")
STRENGTHS = (0.7, 0.5, 0.1, 1.0)


def tiny_nets() -> CompactNets:
    torch.manual_seed(3)
    nets = CompactNets(CompactShape(latent=16, width=16, blocks=2, coarse=16, coarse_blocks=1))
    torch.nn.init.normal_(nets.mapping.directions.weight, std=0.1)
    torch.nn.init.normal_(nets.mapping.directions.bias, std=0.1)
    return nets.eval().requires_grad_(False)


def view(height: int = 64, width: int = 96) -> View:
    generator = torch.Generator().manual_seed(5)
    frame = torch.rand((1, 1, height, width), generator=generator)
    mask = torch.zeros_like(frame)
    mask[..., 16:40, 20:60] = 1
    others = torch.rand((1, 4, height, width), generator=generator)
    trust = torch.rand((1, 4, height // 4, width // 4), generator=generator)
    return View(frame, mask, others, trust, (frame + others[:, :1]) / 2, 1.3 * frame - 0.1)


def folded_change(folded: FoldedNets, seen: View) -> torch.Tensor:
    return folded.change(*folded_latents(folded, seen))


def folded_latents(folded: FoldedNets, seen: View) -> tuple[torch.Tensor, torch.Tensor]:
    assert seen.stretched is not None
    return folded.latents(folded.seen(*seen[:5]), seen.mask, seen.stretched - seen.frame)


def test_folded_nets_give_what_the_nets_give() -> None:
    nets, seen = tiny_nets(), view()
    plain = nets(seen, torch.tensor([STRENGTHS])) - seen.frame
    change = folded_change(FoldedNets(nets, STRENGTHS, CPU, torch.float32), seen)
    assert plain.std() > 0.01, "the test needs nets that do something"
    torch.testing.assert_close(change, plain[0, 0], atol=2e-6, rtol=1e-4)


def test_folded_latents_are_those_of_the_nets() -> None:
    nets, seen = tiny_nets(), view()
    before, after = nets.latents(seen, torch.tensor([STRENGTHS]))
    folded = FoldedNets(nets, STRENGTHS, CPU, torch.float32)
    ours, move = folded_latents(folded, seen)
    torch.testing.assert_close(ours, before, atol=2e-6, rtol=1e-4)
    torch.testing.assert_close(ours + move, after, atol=5e-6, rtol=1e-4)


def test_bfloat16_is_rounded_as_finely_as_the_change_is_small() -> None:
    nets, seen = tiny_nets(), view()
    errors = []
    for scale in (1.0, 0.01):
        strengths = tuple(scale * strength for strength in STRENGTHS)
        exact = folded_change(FoldedNets(nets, strengths, CPU, torch.float32), seen)
        rough = folded_change(FoldedNets(nets, strengths, CPU, torch.bfloat16), seen)
        errors.append(float((rough - exact).abs().mean()))
        assert errors[-1] < 0.02 * float(exact.abs().mean())
    assert errors[1] < 0.05 * errors[0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_threads_make_no_difference(dtype: torch.dtype) -> None:
    nets, seen = tiny_nets(), view(128, 160)
    folded = FoldedNets(nets, STRENGTHS, CPU, dtype)
    before, results = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            results.append(folded_change(folded, seen))
    finally:
        torch.set_num_threads(before)
    assert torch.equal(results[0], results[1])
    assert torch.equal(results[0], results[2])


def test_strengths_are_one_for_each_bar() -> None:
    with pytest.raises(ValueError, match=f"3 strengths were given; .*{BARS[0]}"):
        FoldedNets(tiny_nets(), (1.0, 1.0, 1.0), CPU, torch.float32)


def test_a_type_that_the_nets_do_not_compute_in_is_refused() -> None:
    with pytest.raises(ValueError, match="must be one of"):
        FoldedNets(tiny_nets(), STRENGTHS, CPU, torch.int8)
