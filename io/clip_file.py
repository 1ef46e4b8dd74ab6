"""Short clips with sound, made and read as a whole: FFV1 and FLAC in Matroska."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO

import av
import numpy as np
import numpy.typing as npt

from reelfix.io.frame_store import Planes
from reelfix.io.picture import make_frame
from reelfix.io.pixel_format import PixelFormat
from reelfix.io.planes import PlaneReader
from reelfix.io.probe import open_container, picture_stream, probe
from reelfix.io.sources import find_source
from reelfix.io.storage import Location
from reelfix.io.tags import PictureTags

_SOUND_BLOCK = 4608


@dataclass(frozen=True)
class Sound:
    """A mono or stereo track."""

    samples: npt.NDArray[np.int16]
    """(N, channels)."""
    rate: int = 48000
    """Samples per second."""


def encode_clip(
    planes: Planes,
    pixel_format: PixelFormat,
    rate: Fraction,
    *,
    sound: Sound | None = None,
    tags: PictureTags | None = None,
    title: str = "",
) -> bytes:
    """Return a Matroska file: `planes` (T, H, W each) as FFV1, the sound as FLAC.

    The same input gives the same bytes (with the same libraries): the muxer writes no times, no random
    identifiers.
    """
    file = BytesIO()
    options = {"fflags": "+bitexact"}
    with av.open(file, "w", format="matroska", container_options=options) as container:
        if title:
            container.metadata["title"] = title
        first = planes[pixel_format.planes[0]]
        video = container.add_stream("ffv1", rate=rate, options={"level": "3", "g": "1", "slicecrc": "1"})
        video.width, video.height = first.shape[2], first.shape[1]
        video.pix_fmt = pixel_format.name
        video.time_base = video.codec_context.time_base = 1 / rate
        # The stream has to be there before the first packet of any other is written.
        audio = _add_sound(container, sound) if sound else None
        for index in range(len(first)):
            picture = {name: values[index] for name, values in planes.items()}
            frame = make_frame(picture, pixel_format, tags or PictureTags())
            frame.pts = index
            frame.time_base = 1 / rate
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if sound and audio:
            _encode_sound(container, audio, sound)
    return file.getvalue()


def _add_sound(container: av.container.OutputContainer, sound: Sound) -> av.AudioStream:
    layout = {1: "mono", 2: "stereo"}[sound.samples.shape[1]]
    audio = container.add_stream("flac", rate=sound.rate)
    audio.codec_context.layout = layout
    audio.codec_context.format = "s16"
    return audio


def _encode_sound(container: av.container.OutputContainer, audio: av.AudioStream, sound: Sound) -> None:
    for start in range(0, len(sound.samples), _SOUND_BLOCK):
        block = np.ascontiguousarray(sound.samples[start : start + _SOUND_BLOCK]).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(block, format="s16", layout=audio.codec_context.layout.name)
        frame.sample_rate = sound.rate
        frame.pts = start
        frame.time_base = Fraction(1, sound.rate)
        container.mux(audio.encode(frame))
    container.mux(audio.encode(None))


def read_clip(location: Location, names: Sequence[str] | None = None) -> tuple[Planes, PixelFormat]:
    """Decode the whole picture stream of a short file: its planes (T, H, W; all, or those named) and format.

    Raises SourceError where it cannot be read.
    """
    probed = probe(find_source(location))
    pixel_format = probed.store.format
    reader = PlaneReader(probed.store)
    wanted = tuple(names or pixel_format.planes)
    frames: dict[str, list[npt.NDArray[np.unsignedinteger]]] = {name: [] for name in wanted}
    with open_container(probed.source) as container:
        for frame in container.decode(picture_stream(container, probed.source)):
            planes = reader.read(frame)
            for name in wanted:
                frames[name].append(planes[name].copy())
    return {name: np.stack(values) for name, values in frames.items()}, pixel_format
