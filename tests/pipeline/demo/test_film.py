from pathlib import Path

import numpy as np
import pytest
from upath import UPath

from reelfix.io.clip_file import read_clip
from reelfix.pipeline.demo.film import make_film
from reelfix.pipeline.demo.reel import DemoFormat
from reelfix.pipeline.demo.sound import play
from reelfix.pipeline.errors import UsageError
from reelfix.restoration.damage import DamageSettings

TINY = DemoFormat(width=48, height=36, shot_frames=(3, 2))


@pytest.mark.parametrize("depth", [8, 10])
def test_the_files_hold_the_damaged_film_and_the_clean_one(tmp_path: Path, depth: int) -> None:
    film = make_film(UPath(tmp_path), DemoFormat(48, 36, (3, 2), depth=depth))
    peak = (1 << depth) - 1
    damaged, pixel_format = read_clip(film.source)
    clean, _ = read_clip(film.truth_file)
    assert pixel_format.depth == depth
    assert np.array_equal(damaged["gray"], np.rint(film.damage.frames[:, 0].numpy() * peak))
    assert np.array_equal(clean["gray"], np.rint(film.truth[:, 0].numpy() * peak))
    assert not np.array_equal(damaged["gray"], clean["gray"])


def test_files_that_are_there_are_left_alone(tmp_path: Path) -> None:
    film = make_film(UPath(tmp_path), TINY)
    before = film.source.stat().st_mtime_ns
    make_film(UPath(tmp_path), TINY)
    assert film.source.stat().st_mtime_ns == before


def test_another_film_is_replaced_only_by_force(tmp_path: Path) -> None:
    film = make_film(UPath(tmp_path), TINY)
    content = film.source.read_bytes()
    undamaged = DamageSettings(flicker=None, grain=None, dirt=None, hairs=None, scratches=None)
    with pytest.raises(UsageError, match=r"demo\.mkv .*--force"):
        make_film(UPath(tmp_path), TINY, undamaged)
    assert film.source.read_bytes() == content
    make_film(UPath(tmp_path), TINY, undamaged, force=True)
    assert film.source.read_bytes() != content


def test_the_sound_is_as_long_as_the_picture_and_has_a_stroke_at_every_cut() -> None:
    film = DemoFormat(shot_frames=(36, 32, 28))
    sound = play(film)
    assert sound.samples.shape == (4 * 48000, 1)
    assert 3000 < np.abs(sound.samples).max() <= 9000
    loudness = np.abs(sound.samples[:, 0].astype(float))
    for cut in film.cuts:
        place = round(cut / 24 * 48000)
        assert loudness[place : place + 2400].mean() > loudness[place - 2400 : place].mean()
