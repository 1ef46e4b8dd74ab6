import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from reelfix.bin.exit_codes import ExitCode
from reelfix.io.storage import as_path
from reelfix.pipeline import grain_report
from reelfix.pipeline.grain_report import GrainReport
from reelfix.pipeline.grain_shot import BANDS, GrainState, ShotGrain
from reelfix.pipeline.reel import Reel
from reelfix.restoration.grain_blocks import SIDE
from reelfix.restoration.grain_measure import TONES


def state(deviation: float) -> GrainState:
    tones = np.full(TONES, deviation)
    tones[:6] = np.nan
    return GrainState(deviation, tones, np.linspace(10, 0, BANDS), np.zeros((SIDE, SIDE)))


def test_a_reel_without_grain_given_back_is_a_wrong_usage(
    invoke: Callable[..., Any], make_tiny_reel: Callable[..., Reel]
) -> None:
    result = invoke("grain", make_tiny_reel().root)
    assert result.exit_code == ExitCode.USAGE
    assert "reelfix run --stages detect,restore,grain" in result.stderr


def test_states_are_listed(
    invoke: Callable[..., Any], make_tiny_reel: Callable[..., Reel], monkeypatch: pytest.MonkeyPatch
) -> None:
    reel = make_tiny_reel()
    grain = ShotGrain("shot-0001", state(4.0), state(1.0), state(3.25), 0.02)
    report = GrainReport((grain,), ("shot-0002",), as_path(reel.root) / "sheets" / "grain.json", ())
    monkeypatch.setattr(grain_report, "make_grain_report", lambda *_, **__: report)
    words = invoke("grain", reel.root).stdout
    for expected in ("4.00", "1.00", "3.25", "given back", "shot-0002: its grain cannot be told."):
        assert expected in words
    content = json.loads(invoke("grain", reel.root, "--json").stdout)
    assert content["shots"][0]["source"]["by_tone"][:7] == [None] * 6 + [4.0]
    assert content["shots"][0]["shape_difference_db"] == 0
