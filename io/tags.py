"""What a picture stream says of its pictures: colour, shape, fields and timecode; carried, and asserted."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from fractions import Fraction

from reelfix.io.source_info import VideoStream

UNKNOWN = frozenset({"unknown", "unspecified", "", "0/1", "reserved"})

# ffmpeg's names of the code points of ITU-T H.273.
PRIMARIES = {
    "bt709": 1, "bt470m": 4, "bt470bg": 5, "smpte170m": 6, "smpte240m": 7, "film": 8,
    "bt2020": 9, "smpte428": 10, "smpte431": 11, "smpte432": 12, "ebu3213": 22,
}  # fmt: skip
TRANSFERS = {
    "bt709": 1, "bt470m": 4, "gamma22": 4, "bt470bg": 5, "gamma28": 5, "smpte170m": 6, "smpte240m": 7,
    "linear": 8, "log100": 9, "log316": 10, "iec61966-2-4": 11, "bt1361e": 12, "iec61966-2-1": 13,
    "bt2020-10": 14, "bt2020-12": 15, "smpte2084": 16, "smpte428": 17, "arib-std-b67": 18,
}  # fmt: skip
MATRICES = {
    "gbr": 0, "rgb": 0, "bt709": 1, "fcc": 4, "bt470bg": 5, "smpte170m": 6, "smpte240m": 7, "ycgco": 8,
    "bt2020nc": 9, "bt2020c": 10, "smpte2085": 11, "chroma-derived-nc": 12, "chroma-derived-c": 13,
    "ictcp": 14,
}  # fmt: skip
RANGES = {"tv": 1, "pc": 2}

# As ffmpeg uses them, whatever its header says: the field that is coded first is the one shown first.
_TOP_FIRST = frozenset({"tt", "tb"})
_BOTTOM_FIRST = frozenset({"bb", "bt"})
_FIELD_ORDERS = {
    "progressive": "progressive",
    "top first": "tt",
    "bottom first": "bb",
    "top coded first (swapped)": "tb",
    "bottom coded first (swapped)": "bt",
}
_CHROMA_LOCATIONS = frozenset({"left", "center", "topleft", "top", "bottomleft", "bottom"})


@dataclass(frozen=True)
class PictureTags:
    """The tags of one picture stream, under ffmpeg's names; `unknown` where it says nothing."""

    color_range: str = "unknown"
    color_primaries: str = "unknown"
    color_transfer: str = "unknown"
    color_matrix: str = "unknown"
    chroma_location: str = "unspecified"
    sample_aspect_ratio: str = "0/1"
    field_order: str = "unknown"
    timecode: str | None = None

    @classmethod
    def of(cls, video: VideoStream, timecode: str | None) -> "PictureTags":
        """Return a source's tags; `yuvj` formats say full range by their name."""
        is_full = video.pix_fmt.startswith("yuvj")
        return cls(
            color_range="pc" if is_full else video.color_range,
            color_primaries=video.color_primaries,
            color_transfer=video.color_transfer,
            color_matrix=video.color_matrix,
            chroma_location=video.chroma_location,
            sample_aspect_ratio=str(Fraction(video.sample_aspect_ratio.replace(":", "/")))
            if video.sample_aspect_ratio not in UNKNOWN
            else "0/1",
            field_order=video.field_order,
            timecode=timecode,
        )

    @property
    def is_interlaced(self) -> bool:
        """Whether a frame holds two fields."""
        return self.field_order in _TOP_FIRST | _BOTTOM_FIRST

    @property
    def is_top_field_first(self) -> bool:
        """Whether the upper field is shown first."""
        return self.field_order in _TOP_FIRST

    @property
    def shape(self) -> Fraction | None:
        """Width of a sample over its height; None where it is not said."""
        if self.sample_aspect_ratio in UNKNOWN:
            return None
        return Fraction(self.sample_aspect_ratio) or None

    def differing(self, other: "PictureTags", names: Iterable[str], *, width: int) -> list[str]:
        """Say which of the tags `names` the other does not have as they are here, with both values.

        What is unknown here may be anything there: an encoder may state its default. `width`, in samples:
        Matroska keeps the shown width in whole pixels, and the sample's shape no more exactly than that.
        """
        found = []
        for name in names:
            here, there = getattr(self, name), getattr(other, name)
            if here is None or here in UNKNOWN or _same(name, here, there, width):
                continue
            found.append(f"{name} is {there or 'missing'}, must be {here}")
        return found

    def known(self) -> dict[str, str]:
        """Return the tags that say something."""
        values = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        return {name: value for name, value in values.items() if value is not None and value not in UNKNOWN}

    def without(self, *names: str) -> "PictureTags":
        """Return the tags with those named made unknown."""
        blank = PictureTags()
        return replace(self, **{name: getattr(blank, name) for name in names})


HELD_BY = {
    "matroska": (
        "color_range",
        "color_primaries",
        "color_transfer",
        "color_matrix",
        "chroma_location",
        "sample_aspect_ratio",
        "field_order",
        "timecode",
    ),
    "mov": (
        "color_primaries",
        "color_transfer",
        "color_matrix",
        "sample_aspect_ratio",
        "field_order",
        "timecode",
    ),
    "mp4": ("color_primaries", "color_transfer", "color_matrix", "sample_aspect_ratio"),
}
"""Muxer -> the tags that its files (with our codecs in them) hold; ProRes and our H.264 are limited range."""


def parse_tags(report: str) -> PictureTags:
    """Read the tags of the first picture stream from what `ffmpeg -v verbose -i FILE` reports."""
    line = next((line for line in report.splitlines() if re.search(r"Stream #0:\d+.*: Video:", line)), "")
    words: list[str] = []
    # The pixel format, with its tags in brackets, follows the codec: "yuv420p(tv, bt709, top first, left)".
    for group in re.findall(r" (?:gray|yuv|gbr|rgb|bgr)\w*\(((?:[^()]|\([^()]*\))*)\)", line):
        words = [word.strip() for word in group.split(",")]
    tags: dict[str, str] = {}
    for word in words:
        if word in RANGES:
            tags["color_range"] = word
        elif word in _CHROMA_LOCATIONS:
            tags["chroma_location"] = word
        elif word in _FIELD_ORDERS:
            tags["field_order"] = _FIELD_ORDERS[word]
        elif word.count("/") == 2:
            tags["color_matrix"], tags["color_primaries"], tags["color_transfer"] = word.split("/")
        elif word in MATRICES and word in PRIMARIES and word in TRANSFERS:
            tags["color_matrix"] = tags["color_primaries"] = tags["color_transfer"] = word
        elif word in MATRICES:
            tags["color_matrix"] = word
    if shape := re.search(r"SAR (\d+):(\d+)", line):
        tags["sample_aspect_ratio"] = str(Fraction(int(shape.group(1)), max(1, int(shape.group(2)))))
    timecode = re.search(r"^\s*timecode\s*: (\S+)", report, re.IGNORECASE | re.MULTILINE)
    return PictureTags(timecode=timecode.group(1) if timecode else None, **tags)


def _same(name: str, here: str, there: str | None, width: int) -> bool:
    if there is None:
        return False
    if name == "sample_aspect_ratio":
        shape = Fraction(1) if there in UNKNOWN else Fraction(there)
        return abs(shape - Fraction(here)) * width < 1
    if name == "field_order":
        return here == there or any({here, there} <= order for order in (_TOP_FIRST, _BOTTOM_FIRST))
    codes = {"color_transfer": TRANSFERS, "color_matrix": MATRICES}.get(name, {})
    return codes.get(here, here) == codes.get(there, there)
