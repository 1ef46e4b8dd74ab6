"""The demo's sound: a tune like a barrel organ's, a tick each second, and a stroke at every cut."""

import numpy as np
import numpy.typing as npt

from reelfix.io.clip_file import Sound
from reelfix.pipeline.demo.reel import DemoFormat

_RATE = 48000
# A waltz: half tones above A3, each a third of a second; None rests.
_TUNE = (3, 7, 10, 15, 10, 7, 5, 8, 12, 17, None, 12, 3, 10, 7, 3)
_NOTE_SECONDS = 1 / 3
_PARTIALS = ((1, 1.0), (2, 0.5), (3, 0.35), (4, 0.18))


def play(film: DemoFormat) -> Sound:
    """Play the sound of a film: mono, 48 kHz, as long as its picture."""
    count = round(film.frame_count / film.rate * _RATE)
    track = np.zeros(count)
    for index in range(int(np.ceil(count / (_NOTE_SECONDS * _RATE)))):
        half_tones = _TUNE[index % len(_TUNE)]
        if half_tones is not None:
            _add(track, index * _NOTE_SECONDS, _note(220 * 2 ** (half_tones / 12), 1.6 * _NOTE_SECONDS))
    for second in range(int(film.frame_count / film.rate) + 1):
        _add(track, second, 0.6 * _click(2600, 0.02))
    for cut in film.cuts:
        _add(track, float(cut / film.rate), 1.2 * _click(180, 0.12))
    return Sound(np.rint(9000 * np.tanh(track)).astype(np.int16)[:, None], _RATE)


def _note(frequency: float, seconds: float) -> npt.NDArray[np.float64]:
    """One reed: a few partials, a quick attack, a slow decay."""
    t = np.arange(int(seconds * _RATE)) / _RATE
    tone = sum(weight * np.sin(2 * np.pi * frequency * partial * t) for partial, weight in _PARTIALS)
    return np.asarray(0.4 * tone * np.minimum(t / 0.01, 1) * np.exp(-4 * t))


def _click(frequency: float, seconds: float) -> npt.NDArray[np.float64]:
    """A dying stroke."""
    t = np.arange(int(4 * seconds * _RATE)) / _RATE
    return np.asarray(np.sin(2 * np.pi * frequency * t) * np.exp(-t / seconds))


def _add(track: npt.NDArray[np.float64], at_seconds: float, sound: npt.NDArray[np.float64]) -> None:
    start = round(at_seconds * _RATE)
    track[start : start + len(sound)] += sound[: max(0, len(track) - start)]
