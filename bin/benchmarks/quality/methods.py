"""What is compared: the input, the baselines, our chain, and our chain with parts of it changed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

import torch

from reelfix.bin.benchmarks.quality.compensated import (
    compensated_average,
    compensated_median,
    sharpened_average,
)
from reelfix.bin.benchmarks.quality.ffmpeg_chains import FFMPEG_CHAINS, filtered
from reelfix.pipeline.evaluation.cases import Trial
from reelfix.pipeline.evaluation.chain import run_chain
from reelfix.pipeline.shots import SettingsTree

INPUT = "input"
OURS = "reelfix"

BASELINES: Mapping[str, Callable[[torch.Tensor], torch.Tensor]] = MappingProxyType(
    {
        **{name: partial(filtered, chain=chain) for name, chain in FFMPEG_CHAINS.items()},
        "median of 5": compensated_median,
        "median, average, unsharp": sharpened_average,
        "median, average": compensated_average,
    }
)

ABLATIONS = MappingProxyType(
    {
        "true mask": "the marks are known: what is left is restoring, light and motion",
        "true light": "nothing flickered",
        "true motion": "motion measured on the clean clip",
        "true mask, light, motion": "only restoring and denoising are put to the test",
        "no deflicker": "",
        "no restore": "",
        "no denoise": "",
    }
)


@dataclass(frozen=True)
class Chain:
    """Our chain, as it is asked for."""

    preset: str
    settings: SettingsTree
    leave_out: tuple[str, ...]

    def run(self, trial: Trial, ablation: str | None = None) -> dict[str, Any]:
        """Run the chain over a trial's input; returns the products. ValueError: no such ablation."""
        if ablation is not None and ablation not in ABLATIONS:
            raise ValueError(f"{ablation = } must be one of {', '.join(ABLATIONS)}.")
        named = ablation or ""
        frames, leave_out, given = trial.input, list(self.leave_out), {}
        if named.startswith("no "):
            leave_out.append(named.removeprefix("no "))
        if "light" in named:
            frames = trial.lit_evenly
            leave_out.append("deflicker")
        if "mask" in named:
            given["mask"] = trial.damage.mask
        if "motion" in named:
            given["motion"] = self._run(
                trial.truth, trial.rate, [*self.leave_out, "deflicker", "detect", "restore", "denoise"]
            )["motion"]
        return self._run(frames, trial.rate, leave_out, given)

    def _run(
        self,
        frames: torch.Tensor,
        rate: float,
        leave_out: list[str],
        given: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        return run_chain(
            frames,
            rate=rate,
            preset=self.preset,
            leave_out=leave_out,
            given=given,
            settings=self.settings,
        )
