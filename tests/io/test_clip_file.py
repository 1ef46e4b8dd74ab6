from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from reelfix.io.clip_file import Sound, encode_clip, read_clip
from reelfix.io.errors import SourceError
from reelfix.io.pixel_format import PixelFormat


def _planes(
    pixel_format: PixelFormat, frames: int = 4, height: int = 18, width: int = 34
) -> dict[str, np.ndarray]:
    random = np.random.default_rng(1)
    return {
        name: random.integers(
            0,
            pixel_format.peak + 1,
            (frames, *pixel_format.plane_shape(name, height, width)),
            dtype=pixel_format.dtype,
        )
        for name in pixel_format.planes
    }


@pytest.mark.parametrize("name", ["gray", "gray10le", "yuv420p", "yuv422p10le"])
def test_what_is_encoded_is_read_back_bit_for_bit(tmp_path: Path, name: str) -> None:
    pixel_format = PixelFormat.parse(name)
    planes = _planes(pixel_format)
    path = tmp_path / "clip.mkv"
    path.write_bytes(encode_clip(planes, pixel_format, Fraction(24000, 1001)))
    read, found = read_clip(path)
    assert found == pixel_format
    assert read.keys() == planes.keys()
    for plane, values in planes.items():
        assert np.array_equal(read[plane], values)


def test_the_same_clip_gives_the_same_bytes() -> None:
    pixel_format = PixelFormat.parse("gray")
    planes = _planes(pixel_format)
    sound = Sound(np.arange(2000, dtype=np.int16)[:, None])
    first, again = (encode_clip(planes, pixel_format, Fraction(24), sound=sound) for _ in range(2))
    assert first == again


def test_rate_times_and_sound(tmp_path: Path) -> None:
    pixel_format = PixelFormat.parse("gray")
    random = np.random.default_rng(2)
    samples = random.integers(-9000, 9000, (8000, 2), dtype=np.int16)
    path = tmp_path / "clip.mkv"
    content = encode_clip(_planes(pixel_format, 6), pixel_format, Fraction(24), sound=Sound(samples))
    path.write_bytes(content)
    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert video.average_rate == 24
        assert (audio.codec_context.name, audio.codec_context.sample_rate) == ("flac", 48000)
        seconds = [float(frame.pts * frame.time_base) for frame in container.decode(video)]
    assert seconds == pytest.approx([index / 24 for index in range(6)], abs=6e-4)
    with av.open(str(path)) as container:
        decoded = [frame.to_ndarray().reshape(-1, 2) for frame in container.decode(audio=0)]
    assert np.array_equal(np.concatenate(decoded), samples)


def test_a_file_that_is_no_clip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    path.write_bytes(b"no film")
    with pytest.raises(SourceError, match=r"clip\.mkv"):
        read_clip(path)
