"""`colour-compact`: the net for colour that is trained here.

An encoder pretrained on ImageNet (`compact_encoder.py`), a decoder to a quarter of the picture's size with
self-attention at a 32nd and a 16th, and a distribution over the 313 bins of a and b at every place (Zhang et
al., ECCV 2016). What is known of colours enters the decoder on all its levels (Zhang et al., SIGGRAPH 2017).
"""

from contextlib import nullcontext
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import torch
from torch import nn
from torch.nn import functional

from reelfix.restoration.colour import working
from reelfix.restoration.colour.bins import BINS, ab_bins, annealed_mean
from reelfix.restoration.colour.compact_attention import SelfAttention
from reelfix.restoration.colour.compact_encoder import DEPTHS, MULTIPLE, STEM, WIDTHS, CompactEncoder
from reelfix.restoration.colour.lab import lightness
from reelfix.restoration.colour.net import Hints, Prediction, reduced
from reelfix.restoration.colour.surfaces import agreed
from reelfix.restoration.one_thread import one_thread

WORKING_SIZE: Final = 384
"""Longest side, in pixels, of what the net is shown: larger pictures are reduced to it."""

TEMPERATURE: Final = 0.5
"""Of the annealed mean. What a surface agrees on is peaked already, and the likeliest colour is often gray:
the paper's 0.38 is paler, and falls to one of two colours more easily."""

_LEVELS: Final = (6, 4, 2, 1)  # stages that the decoder takes in: at a 32nd, 16th, 8th, quarter
_AB_UNIT: Final = 20.0  # what a and b of hints are divided by
_SPREAD: Final = 20.0  # of the distribution, in Lab units, at which confidence is a half
_FEATURES: Final = (2, 4)  # stages that features for matching are of: at an 8th and a 16th


@dataclass(frozen=True)
class ColourShape:
    """Sizes of the net; the defaults are those of the weights that come with the package."""

    stem: int = STEM
    widths: tuple[int, ...] = WIDTHS
    """Channels of the encoder's seven stages."""
    depths: tuple[int, ...] = DEPTHS
    """Blocks of them."""
    decoder: tuple[int, ...] = (256, 256, 160, 96)
    """Channels of the decoder at a 32nd, a 16th, an eighth and a quarter."""
    attention: int = 32
    """Channels that places are compared by."""
    dropout: float = 0.2
    """Share of the channels left out while it learns, of what the encoder gives and of the last features."""


class Residual(nn.Module):
    """Two convolutions, added to what comes in; they begin as nothing."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (B, C, h, w) to the same shape."""
        out: torch.Tensor = self.second(functional.relu(self.first(functional.relu(x))))
        return x + out


class ColourCompact(nn.Module):
    """Colours for pictures of any size; a `ColourNet`."""

    def __init__(self, shape: ColourShape | None = None) -> None:
        super().__init__()
        self.shape = shape = shape or ColourShape()
        self.encoder = CompactEncoder(shape.stem, shape.widths, shape.depths)
        self.scene = nn.Linear(shape.widths[-1], shape.decoder[0])
        self.lateral = nn.ModuleList(
            nn.Conv2d(shape.widths[stage], width, 1)
            for stage, width in zip(_LEVELS, shape.decoder, strict=True)
        )
        self.hinted = nn.ModuleList(nn.Conv2d(3, width, 3, padding=1, bias=False) for width in shape.decoder)
        self.up = nn.ModuleList(nn.Conv2d(deep, wide, 1) for deep, wide in pairwise(shape.decoder))
        self.body = nn.ModuleList(Residual(width) for width in shape.decoder)
        self.attention = nn.ModuleList(SelfAttention(width, shape.attention) for width in shape.decoder[:2])
        self.dropout = nn.Dropout2d(shape.dropout)
        self.head = nn.Conv2d(shape.decoder[-1], BINS, 1)
        self.centre: torch.Tensor
        self.scale: torch.Tensor
        matched = sum(shape.widths[stage] for stage in _FEATURES)
        self.register_buffer("centre", torch.zeros(matched))  # of the features, over the training pictures
        self.register_buffer("scale", torch.ones(matched))
        self.bins: torch.Tensor
        self.register_buffer("bins", ab_bins(), persistent=False)

    def forward(self, gray: torch.Tensor, hints: torch.Tensor) -> torch.Tensor:
        """Return features (B, C, H / 4, W / 4) that `head` makes logits of.

        `gray`: L / 100 (B, 1, H, W), H and W multiples of 32; `hints`: (B, 3, H / 4, W / 4), see
        `hint_planes`.
        """
        return self.decoded(self.encoder(gray), hints)

    def decoded(self, stages: list[torch.Tensor], hints: torch.Tensor) -> torch.Tensor:
        """Return what `forward` does, from what the encoder gives."""
        told = [hints.to(stages[0].dtype)]
        for _ in self.up:
            told.append(_coarser(told[-1]))
        scene = self.scene(stages[-1].mean(dim=(2, 3)))[:, :, None, None]
        x = scene
        for level, stage in enumerate(_LEVELS):
            if level:
                x = functional.interpolate(self.up[level - 1](x), scale_factor=2.0, mode="nearest")
            x = x + self.lateral[level](self.dropout(stages[stage])) + self.hinted[level](told[-1 - level])
            x = self.body[level](x)
            if level < len(self.attention):
                x = self.attention[level](x)
        features: torch.Tensor = self.dropout(functional.relu(x))
        return features

    @torch.no_grad()
    def predict(
        self,
        luma: torch.Tensor,
        hints: Hints | None,
        saturation: float = 1.0,
        *,
        temperature: float = TEMPERATURE,
        working_size: int = WORKING_SIZE,
        tilt: torch.Tensor | None = None,
    ) -> Prediction:
        """Colour `luma` (B, 1, H, W), float32 in [0, 1]; see `ColourNet.predict`.

        The net is shown the picture with its longest side reduced to `working_size`, both sides rounded to
        multiples of 32: what is said of a larger one is interpolated, and memory is bounded. `temperature`:
        that of the annealed mean; `tilt`: see `OddsNet.predict`.
        """
        pictures = [
            self._predicted(
                luma[index : index + 1],
                Hints(*(plane[index : index + 1].to(luma.device) for plane in hints)) if hints else None,
                saturation,
                temperature,
                working_size,
                tilt,
            )
            for index in range(len(luma))
        ]
        return Prediction(*(torch.cat(planes) for planes in zip(*pictures, strict=True)))

    def _predicted(
        self,
        luma: torch.Tensor,
        hints: Hints | None,
        saturation: float,
        temperature: float,
        longest: int,
        tilt: torch.Tensor | None,
    ) -> Prediction:
        """Colour one picture (1, 1, H, W): alone, so that its bytes are the same beside whatever others."""
        size = luma.shape[2], luma.shape[3]
        shown = working.working_size(size, longest, MULTIPLE)
        gray = lightness(working.resized(luma.float(), shown)) / 100
        known = working.hints_at(hints, reduced(shown, 4)) if hints else None
        planes = hint_planes(known, 1, reduced(shown, 4), luma.device)
        dtype = self.head.weight.dtype
        # On the CPU, float32 rounds by the number of threads; bfloat16 does only where it is left.
        with one_thread() if dtype == torch.float32 else nullcontext():
            stages = self.encoder(gray.to(dtype).contiguous(memory_format=torch.channels_last))
            features = self.decoded(stages, planes)
            with one_thread():
                features = agreed(features, gray).to(dtype)
            logits = self.head(features.contiguous(memory_format=torch.channels_last))
            with one_thread():
                tilted = logits if tilt is None else logits + temperature * tilt[:, None, None]
                ab, spread = annealed_mean(tilted, self.bins.float(), temperature)
        ab = ab * saturation
        if known is not None and (saturation != 1 or tilt is not None):
            ab = ab + (known.ab - ab) * known.weight  # what is given is met, whatever the saturation
        return Prediction(
            working.resized(ab, reduced(size, 4)),
            working.resized(1 / (1 + (spread / _SPREAD).square()), reduced(size, 4)),
            functional.normalize(working.resized(self._matched(stages), reduced(size, 8)), dim=1),
            logits / temperature,
        )

    @torch.no_grad()
    def calibrate(self, gray: torch.Tensor) -> None:
        """Bring what a new encoder gives to unit size where the decoder takes it in.

        And note centre and scale of the features for matching. `gray`: L / 100 of many pictures (B, 1, H, W).
        """
        stages = self.encoder(gray)
        for layer, stage in zip(self.lateral, _LEVELS, strict=True):
            assert isinstance(layer, nn.Conv2d)
            layer.weight /= stages[stage].square().mean().sqrt()
        self.scene.weight /= stages[-1].mean(dim=(2, 3)).square().mean().sqrt()
        matched = [stages[stage].transpose(0, 1).flatten(1) for stage in _FEATURES]
        self.centre.copy_(torch.cat([values.mean(dim=1) for values in matched]))
        self.scale.copy_(torch.cat([values.std(dim=1) for values in matched]).clamp_min(1e-3))

    def _matched(self, stages: list[torch.Tensor]) -> torch.Tensor:
        """Features for matching (B, F, h / 8, w / 8), each part of length 1."""
        fine, coarse = (stages[stage].float() for stage in _FEATURES)
        both = torch.cat([fine, working.resized(coarse, (fine.shape[2], fine.shape[3]))], dim=1)
        both = (both - self.centre.float()[:, None, None]) / self.scale.float()[:, None, None]
        parts = both.tensor_split([fine.shape[1]], dim=1)
        return torch.cat([functional.normalize(part, dim=1) for part in parts], dim=1)


def hint_planes(hints: Hints | None, batch: int, size: tuple[int, int], device: torch.device) -> torch.Tensor:
    """Return hints as the net takes them, float32 (B, 3, h, w): a and b times the weight, and the weight."""
    if hints is None:
        return torch.zeros((batch, 3, *size), device=device)
    return torch.cat([hints.ab * hints.weight / _AB_UNIT, hints.weight], dim=1).float()


def _coarser(planes: torch.Tensor) -> torch.Tensor:
    """Hints (B, 3, h, w) at half the size: as sure as the surest of four, of the colour of their mean."""
    mean = functional.avg_pool2d(planes, 2)
    surest = functional.max_pool2d(planes[:, 2:], 2)
    return torch.cat([mean[:, :2] * (surest / mean[:, 2:].clamp_min(1e-6)), surest], dim=1)
