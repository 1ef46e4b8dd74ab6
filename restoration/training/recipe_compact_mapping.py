"""The recipe of `triplet-compact`'s mapping: from what filling left to the clean picture, bar by bar."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from reelfix.restoration.training.recipe import Batch, Source
from reelfix.restoration.training.steps import decibels, descend, told, validation_batches
from reelfix.restoration.triplet.compact import BARS, CompactNets, CompactShape, Encoder, View, moves_of

_DENOISE, _SHARPNESS, _CONTRAST, _SCRATCHES = (BARS.index(name) for name in BARS)
_LARGEST = 1.0
"""Norm that gradients are clipped to."""
_ASKED_IN_VAIN = 0.1
"""Share of the crops that are not blurred in which `sharpness` may be raised all the same."""
_UNBLURRED = 2 / 255
"""Largest difference that rounding makes between a crop and itself."""
_GRAIN = 0.02
"""Differences, of [0, 1], below which Charbonnier's distance is all but a square."""


@dataclass(frozen=True)
class MappingWeights:
    """What the mapping is asked for."""

    picture: float = 1.0
    """Of the mean distance (Charbonnier's) of the result."""
    latent: float = 0.002
    """Of the mean distance of T(z_x) from the latents of the clean picture."""
    edges: float = 0.5
    """Of that of the result's gradients: what is sharp must be sharp."""
    damaged: float = 6.0
    """How much more a damaged place counts."""


class CompactMapping:
    """The mapping, with encoder and decoder as the domains' training left them."""

    name = "compact-mapping"
    shipped = ("encoder", "decoder", "mapping")

    def __init__(
        self,
        validation: Source,
        domain_a: Mapping[str, Mapping[str, torch.Tensor]],
        domain_b: Mapping[str, Mapping[str, torch.Tensor]],
        shape: CompactShape | None = None,
        weights: MappingWeights | None = None,
        *,
        rate: float = 3e-4,
        betas: tuple[float, float] = (0.9, 0.99),
    ) -> None:
        shape = shape or CompactShape()
        self._nets, self._clean_encoder = CompactNets(shape), Encoder(shape)
        self._nets.encoder.load_state_dict(domain_a["encoder"])
        self._nets.decoder.load_state_dict(domain_b["decoder"])
        self._clean_encoder.load_state_dict(domain_b["encoder_b"])
        for fixed in (self._nets.encoder, self._nets.decoder, self._clean_encoder):
            fixed.requires_grad_(False)
        self._weights = weights or MappingWeights()
        self._validation = validation
        self.modules: Mapping[str, nn.Module] = {
            "encoder": self._nets.encoder,
            "decoder": self._nets.decoder,
            "mapping": self._nets.mapping,
            "encoder_b": self._clean_encoder,
        }
        self.optimizers: Mapping[str, torch.optim.Optimizer] = {
            "mapping": torch.optim.Adam(self._nets.mapping.parameters(), rate, betas)
        }

    def step(self, batch: Batch, step: int) -> dict[str, torch.Tensor]:
        """Take one step with strengths drawn for every crop."""
        strengths = drawn_strengths(batch)
        view = view_of(batch)
        before, after = self._nets.latents(view, strengths)
        result = view.frame + self._nets.decoder(after) - self._nets.decoder(before)
        wanted = target(batch, strengths)
        weight = 1 + (self._weights.damaged - 1) * (batch["mask"] > 0.5)
        error = (weight * _charbonnier(result - wanted)).mean()
        edges = _edge_error(result, wanted)
        with torch.no_grad():
            clean = self._clean_encoder(wanted)
        distance = (after - clean).abs().mean()
        weights = self._weights
        loss = weights.picture * error + weights.edges * edges + weights.latent * distance
        descend(self.optimizers["mapping"], loss, largest=_LARGEST)
        return told(picture=error, edges=edges, latent=distance)

    def validate(self, modules: Mapping[str, nn.Module]) -> dict[str, float]:
        """Measure PSNR in dB before and after at full strength, all over and in damaged places."""
        sums: dict[str, list[float]] = {}
        for batch in validation_batches(self._validation, modules["mapping"]):
            frame, clean = batch["frame"], batch["clean"]
            strengths = _learnt_bars_up(batch)
            restored = _restored(modules, view_of(batch), strengths)
            plain = _restored(modules, view_of(batch), strengths, attend=False)
            squares = {"input": frame - clean, "psnr": restored - clean, "without_attention": plain - clean}
            hurt = batch["mask"] > 0.5
            for name, difference in squares.items():
                # At fadings of their own: as errors before fading.
                unfaded = (
                    difference / (batch["fading"][:, 1] - batch["fading"][:, 0])[:, None, None, None]
                ).square()
                sums.setdefault(name, []).append(float(unfaded.mean()))
                if hurt.any():
                    sums.setdefault(f"{name}_inside", []).append(float(unfaded[hurt].mean()))
        return {name: decibels(sum(values) / len(values)) for name, values in sums.items()}

    def samples(self, modules: Mapping[str, nn.Module]) -> torch.Tensor:
        """Draw the frame as filled, restored, and clean, side by side."""
        batch = next(iter(validation_batches(self._validation, modules["mapping"])))
        restored = _restored(modules, view_of(batch), _learnt_bars_up(batch))
        shown = (batch["damaged"], batch["frame"], restored, batch["clean"])
        rows = torch.cat(list(torch.cat(shown, dim=3)), dim=1)  # 1 x (B H) x (4 W)
        return rows.clamp(0, 1).cpu()


def view_of(batch: Batch) -> View:
    """Return what the nets see of a batch."""
    return View(batch["frame"], batch["mask"], batch["neighbours"], batch["trust"], batch["denoised"])


def drawn_strengths(batch: Batch) -> torch.Tensor:
    """Draw strengths (B, len(BARS)): all bars up, one alone, or each anywhere; `contrast`, not learnt, is 0.

    Three eighths, a quarter and three eighths of the time, by torch's global generator. Who raises
    `sharpness` says that the picture is blurred: pictures do not tell for sure. So it is seldom raised on
    crops that are not; else its direction would go nowhere.
    """
    count, device = len(batch["frame"]), batch["frame"].device
    anywhere = torch.rand((count, len(BARS)))
    alone = functional.one_hot(torch.randint(len(BARS), (count,)), len(BARS)) * torch.rand((count, 1)).sqrt()
    kind = torch.randint(8, (count, 1))
    strengths = torch.where(kind < 3, 1.0, torch.where(kind < 5, alone, anywhere)).to(device)
    is_asked_in_vain = (torch.rand(count) < _ASKED_IN_VAIN).to(device)
    is_blurred = (batch["clean"] - batch["soft"]).abs().amax(dim=(1, 2, 3)) > _UNBLURRED
    strengths[:, _SHARPNESS] *= is_blurred | is_asked_in_vain
    strengths[:, _CONTRAST] = 0
    return strengths


def target(batch: Batch, strengths: torch.Tensor) -> torch.Tensor:
    """Return what the frame ought to be at the bars' `strengths` (B, len(BARS)): (B, 1, H, W).

    Each bar takes its share of what the generator did: the grain, the blur, the fading, and what is left of
    marks and of their filling.
    """
    frame, unmarked, soft, clean = (batch[name] for name in ("frame", "unmarked", "soft", "clean"))
    share = strengths[:, :, None, None]
    result = (
        frame
        - share[:, [_SCRATCHES]] * (frame - unmarked)
        - share[:, [_DENOISE]] * (unmarked - soft)
        + share[:, [_SHARPNESS]] * (clean - soft)
    )
    black, white = (batch["fading"][:, i, None, None, None] for i in (0, 1))
    unfaded = (result - black) / (white - black)
    return result + share[:, [_CONTRAST]] * (unfaded - result)


def _learnt_bars_up(batch: Batch) -> torch.Tensor:
    """Strengths (B, len(BARS)): 1, but 0 for `contrast`, which is not learnt."""
    strengths = torch.ones((len(batch["frame"]), len(BARS)), device=batch["frame"].device)
    strengths[:, _CONTRAST] = 0
    return strengths


def _restored(
    modules: Mapping[str, nn.Module], view: View, strengths: torch.Tensor, *, attend: bool = True
) -> torch.Tensor:
    latent, moves = moves_of(modules["encoder"], modules["mapping"], view, attend=attend)
    after = latent + torch.einsum("bk,bkchw->bchw", strengths.to(moves.dtype), moves)
    restored: torch.Tensor = view.frame + modules["decoder"](after) - modules["decoder"](latent)
    return restored


def _edge_error(result: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    difference = result - wanted
    across = difference[..., 1:] - difference[..., :-1]
    down = difference[..., 1:, :] - difference[..., :-1, :]
    return _charbonnier(across).mean() + _charbonnier(down).mean()


def _charbonnier(difference: torch.Tensor) -> torch.Tensor:
    """Charbonnier's distance: squared where small as grain, so that the mean is learnt; less beyond.

    With the median instead, blur that cannot be told for sure is left as it is.
    """
    return (difference.square() + _GRAIN**2).sqrt() - _GRAIN
