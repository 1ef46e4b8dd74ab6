"""Tags are read off ffmpeg's report as the source states them, and a difference is told."""

from fractions import Fraction

import pytest

from reelfix.io.source_info import VideoStream
from reelfix.io.tags import HELD_BY, PictureTags, parse_tags

REPORT = """
  Stream #0:0[0x1](und): Video: {codec}, 1 reference frame, {pixels}, 720x576{shape}, 25 fps, 25 tbr, 1k tbn
    Metadata:
      timecode        : 10:00:00:00
  Stream #0:1: Audio: aac (LC), 48000 Hz, stereo, fltp
"""


@pytest.mark.parametrize(
    ("codec", "pixels", "meant"),
    [
        ("ffv1", "gray", {}),
        ("ffv1", "gray10le(pc)", {"color_range": "pc"}),
        ("ffv1", "yuv420p(tv, bt709, progressive)", {
            "color_range": "tv", "color_matrix": "bt709", "color_primaries": "bt709",
            "color_transfer": "bt709", "field_order": "progressive",
        }),
        ("prores (HQ) (apch / 0x68637061)", "yuv422p10le(tv, smpte170m/bt470bg/unknown, top first)", {
            "color_range": "tv", "color_matrix": "smpte170m", "color_primaries": "bt470bg",
            "field_order": "tt",
        }),
        ("h264 (High) (avc1 / 0x31637661)", "yuvj420p(pc, bt470bg, bottom coded first (swapped), topleft)", {
            "color_range": "pc", "color_matrix": "bt470bg", "color_primaries": "bt470bg",
            "color_transfer": "bt470bg", "field_order": "bt", "chroma_location": "topleft",
        }),
        ("ffv1", "gbrp12le(gbr/unknown/linear)", {"color_matrix": "gbr", "color_transfer": "linear"}),
    ],
)  # fmt: skip
def test_a_report_is_read(codec: str, pixels: str, meant: dict[str, str]) -> None:
    report = REPORT.format(codec=codec, pixels=pixels, shape=" [SAR 16:15 DAR 4:3]")
    assert parse_tags(report).known() == {**meant, "sample_aspect_ratio": "16/15", "timecode": "10:00:00:00"}
    plain = parse_tags(REPORT.format(codec=codec, pixels=pixels, shape=""))
    assert plain.shape is None


def test_a_silent_report_says_nothing() -> None:
    assert parse_tags("no streams here") == PictureTags()


def test_of_a_stream() -> None:
    video = VideoStream(
        index=0, codec="mjpeg", pix_fmt="yuvj420p", store_pix_fmt="yuvj420p", width=720, height=576,
        rate="25", time_base="1/25", sample_aspect_ratio="32:30", field_order="tb",
    )  # fmt: skip
    tags = PictureTags.of(video, None)
    assert tags.color_range == "pc"
    assert tags.shape == Fraction(16, 15)
    assert tags.is_interlaced
    assert tags.is_top_field_first
    assert tags.known() == {"color_range": "pc", "sample_aspect_ratio": "16/15", "field_order": "tb"}


def test_differences_are_told_with_both_values() -> None:
    meant = PictureTags(
        color_range="tv", color_matrix="bt709", timecode="01:00:00:00", chroma_location="left"
    )
    found = PictureTags(color_range="pc", color_matrix="bt709")
    told = meant.differing(found, HELD_BY["matroska"], width=720)
    assert told == [
        "color_range is pc, must be tv",
        "chroma_location is unspecified, must be left",
        "timecode is missing, must be 01:00:00:00",
    ]
    assert meant.differing(found, HELD_BY["mp4"], width=720) == []


@pytest.mark.parametrize(
    ("meant", "found", "is_same"),
    [
        (
            {"sample_aspect_ratio": "16/15"},
            {"sample_aspect_ratio": "1067/1000"},
            True,
        ),  # whole pixels in Matroska
        ({"sample_aspect_ratio": "16/15"}, {"sample_aspect_ratio": "12/11"}, False),
        ({"sample_aspect_ratio": "1"}, {}, True),
        ({"sample_aspect_ratio": "16/15"}, {}, False),
        ({"field_order": "tt"}, {"field_order": "tb"}, True),
        ({"field_order": "tt"}, {"field_order": "bb"}, False),
        ({"field_order": "progressive"}, {"field_order": "tt"}, False),
        ({"color_transfer": "bt470bg"}, {"color_transfer": "gamma28"}, True),
        ({}, {"color_matrix": "bt709"}, True),
    ],
)
def test_what_counts_as_the_same(meant: dict[str, str], found: dict[str, str], is_same: bool) -> None:
    told = PictureTags(**meant).differing(PictureTags(**found), HELD_BY["matroska"], width=720)
    assert (told == []) == is_same
