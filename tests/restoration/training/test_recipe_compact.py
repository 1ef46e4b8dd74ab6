from collections.abc import Mapping

import pytest
import torch

from reelfix.restoration.training.recipe import Batch
from reelfix.restoration.training.recipe_compact import CompactDomainA, CompactDomainB
from reelfix.restoration.training.recipe_compact_mapping import CompactMapping, drawn_strengths, target
from reelfix.restoration.triplet.compact import BARS, CompactShape, Decoder, Encoder

SMALL = CompactShape(latent=16, width=8, blocks=2, coarse=8, coarse_blocks=1)
DENOISE, SHARPNESS, CONTRAST, SCRATCHES = range(len(BARS))


class Blurred:
    """Batches of a smooth picture with grain, a blur's loss and a mark, all drawn by the step."""

    def batch(self, step: int) -> Batch:
        generator = torch.Generator().manual_seed(step)
        small = torch.rand((3, 1, 4, 4), generator=generator)
        soft = torch.nn.functional.interpolate(small, (32, 32), mode="bicubic").clamp(0, 1)
        grain = 0.05 * torch.randn(soft.shape, generator=generator)
        mask = torch.zeros_like(soft)
        mask[:, :, 8:16, 8:16] = 1
        unmarked = soft + grain
        frame = unmarked + 0.1 * mask
        return {
            "frame": frame,
            "damaged": frame,
            "real": soft,
            "unmarked": unmarked,
            "soft": soft,
            "clean": soft + 0.02,
            "mask": mask,
            "neighbours": (soft + 0.05 * torch.randn((3, 4, 32, 32), generator=generator)),
            "trust": torch.ones((3, 4, 8, 8)),
            "denoised": soft + 0.5 * grain,
            "fading": torch.tensor([[0.0, 1.0]]).repeat(3, 1),
        }


def _states() -> tuple[Mapping[str, Mapping[str, torch.Tensor]], ...]:
    torch.manual_seed(0)
    encoder, decoder = Encoder(SMALL).state_dict(), Decoder(SMALL).state_dict()
    return {"encoder": encoder, "decoder_a": decoder}, {"encoder_b": encoder, "decoder": decoder}


def test_full_strength_asks_for_the_clean_picture_and_none_for_the_frame() -> None:
    batch = Blurred().batch(0)
    full, none = torch.ones(3, len(BARS)), torch.zeros(3, len(BARS))
    torch.testing.assert_close(target(batch, full), batch["clean"])
    torch.testing.assert_close(target(batch, none), batch["frame"])


@pytest.mark.parametrize(
    ("bar", "before", "after"),
    [(DENOISE, "unmarked", "soft"), (SHARPNESS, "soft", "clean"), (SCRATCHES, "frame", "unmarked")],
)
def test_a_bar_asks_for_its_own_share_of_the_damage(bar: int, before: str, after: str) -> None:
    batch = Blurred().batch(0)
    strengths = torch.zeros(3, len(BARS))
    strengths[:, bar] = 0.25
    moved = target(batch, strengths) - batch["frame"]
    torch.testing.assert_close(moved, 0.25 * (batch[after] - batch[before]))


def test_contrast_undoes_the_fading() -> None:
    batch = dict(Blurred().batch(0))
    black, white = 0.2, 0.7
    unfaded = batch["frame"]
    for name in ("frame", "unmarked", "soft", "clean"):
        batch[name] = black + (white - black) * batch[name]
    batch["fading"] = torch.tensor([[black, white]]).repeat(3, 1)
    strengths = torch.zeros(3, len(BARS))
    strengths[:, CONTRAST] = 1
    torch.testing.assert_close(target(batch, strengths), unfaded, atol=1e-5, rtol=0)


def test_what_is_not_blurred_is_seldom_asked_to_be_sharper() -> None:
    torch.manual_seed(0)
    soft = torch.zeros((1000, 1, 2, 2))
    clean = soft.clone()
    clean[1::2] = 0.1
    drawn = drawn_strengths({"frame": soft, "soft": soft, "clean": clean})
    assert 0 <= float(drawn.min()) < float(drawn.max()) <= 1
    asked = (drawn[:, SHARPNESS] > 0).float()
    assert float(asked[::2].mean()) < 0.15
    assert float(asked[1::2].mean()) > 0.7
    assert float(drawn[:, CONTRAST].max()) == 0  # known, not learnt
    assert float((drawn[:, DENOISE] == 1).float().mean()) > 0.3


def test_the_mapping_learns_and_leaves_the_autoencoders_alone() -> None:
    torch.manual_seed(1)
    recipe = CompactMapping(Blurred(), *_states(), SMALL, rate=3e-3)
    encoder = recipe.modules["encoder"].state_dict()
    kept = {name: values.clone() for name, values in encoder.items()}
    before = recipe.validate(recipe.modules)
    for step in range(40):
        losses = recipe.step(Blurred().batch(100 + step), step)
    after = recipe.validate(recipe.modules)
    assert set(losses) == {"picture", "edges", "latent"}
    assert after["input"] == before["input"]
    assert after["psnr"] > before["psnr"] + 1
    assert all(torch.equal(values, kept[name]) for name, values in encoder.items())
    assert recipe.samples(recipe.modules).shape == (1, 3 * 32, 4 * 32)


def test_domain_a_learns_to_give_back_what_it_is_shown() -> None:
    torch.manual_seed(1)
    recipe = CompactDomainA(Blurred(), SMALL, rate=1e-3)
    before = recipe.validate(recipe.modules)["psnr"]
    for step in range(20):
        losses = recipe.step(Blurred().batch(step), step)
    assert set(losses) == {"l1", "kl", "fooled", "critic"}
    assert recipe.validate(recipe.modules)["psnr"] > before + 1
    assert recipe.samples(recipe.modules).shape == (1, 64, 96)


def test_domain_b_begins_from_domain_a_and_stays_by_it() -> None:
    domain_a, _ = _states()
    recipe = CompactDomainB(Blurred(), domain_a, SMALL, rate=1e-3)
    first = recipe.step(Blurred().batch(0), 0)
    assert float(first["anchor"]) == 0
    for step in range(1, 15):
        last = recipe.step(Blurred().batch(step), step)
    assert float(last["l1"]) < float(first["l1"])
    assert 0 < float(last["anchor"]) < 0.1
    validation = recipe.validate(recipe.modules)
    assert set(validation) == {"psnr", "psnr_a"}
