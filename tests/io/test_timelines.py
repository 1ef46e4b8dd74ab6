from fractions import Fraction

import pytest

from reelfix.io.errors import SourceError
from reelfix.io.timecode import Timecode
from reelfix.io.timelines import TIMELINE_FORMATS, CutClock, read_csv, read_edl, read_otio, timeline_format

CUTS = ((0, 48, "train, arriving"), (48, 1900, "platform"), (2000, 40000, ""))
CLOCKS = {
    "silent": CutClock(Fraction(18), None, "/films/robbery.mkv", "robbery"),
    "pulled down": CutClock(Fraction(24000, 1001), "01:00:00:00", "/films/a.mkv", "a"),
    "drop": CutClock(Fraction(30000, 1001), "00:59:58;00", "", "b"),
    "non-drop": CutClock(Fraction(30000, 1001), "10:00:00:00", "", "c"),
    "pal": CutClock(Fraction(25), "09:59:50:12", "", "d"),
}


@pytest.mark.parametrize("suffix", TIMELINE_FORMATS)
@pytest.mark.parametrize("kind", CLOCKS)
def test_cuts_come_back_as_they_went_out(suffix: str, kind: str) -> None:
    clock = CLOCKS[kind]
    kept = TIMELINE_FORMATS[suffix]
    assert kept.read(kept.write(CUTS, clock), clock) == CUTS


def test_edl_counts_in_the_reels_timecode() -> None:
    text = timeline_format(".EDL").write([(0, 24, "one"), (24, 24 * 61, "two")], CLOCKS["pulled down"])
    assert "FCM: NON-DROP FRAME" in text
    assert "001  A        V     C        01:00:00:00 01:00:01:00 01:00:00:00 01:00:01:00" in text
    assert "01:00:01:00 01:01:01:00" in text


def test_edl_drop_frame_leaves_out_labels() -> None:
    clock = CutClock(Fraction(30000, 1001), "00:00:59;28")
    text = TIMELINE_FORMATS[".edl"].write([(0, 4, "")], clock)
    assert "FCM: DROP FRAME" in text
    assert "00:00:59;28 00:01:00;04" in text


def test_edl_refuses_a_dissolve_and_skips_sound() -> None:
    clock = CutClock(Fraction(24))
    event = "{} AX {} {} 00:00:00:00 00:00:01:00 00:00:00:00 00:00:01:00\n"
    assert read_edl(event.format("001", "V", "C") + event.format("002", "A", "C"), clock) == ((0, 24, ""),)
    with pytest.raises(SourceError, match=r"line 1 .* 'D'"):
        read_edl(event.format("001", "V", "D 012"), clock)


def test_csv_by_timecode_alone() -> None:
    clock = CLOCKS["pal"]
    text = "start_timecode,stop_timecode\n09:59:50:12,09:59:51:12\n"
    assert read_csv(text, clock) == ((0, 25, ""),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "needs start and stop"),
        ("start,stop\n1,x\n", "line 2"),
        ("start,stop\n5,5\n", r"\[5, 5\)"),
        ("start,stop\n", "no cuts"),
    ],
)
def test_csv_says_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        read_csv(text, CLOCKS["pal"])


def test_otio_of_another_rate_is_refused() -> None:
    text = TIMELINE_FORMATS[".otio"].write([(0, 24, "x")], CutClock(Fraction(25)))
    with pytest.raises(SourceError, match=r"25\.000 .* 24\.000"):
        read_otio(text, CutClock(Fraction(24)))
    with pytest.raises(SourceError, match="not an OpenTimelineIO"):
        read_otio("{}", CutClock(Fraction(24)))


@pytest.mark.parametrize("fps", [30, 60])
def test_drop_frame_labels_are_one_to_one(fps: int) -> None:
    rate = Fraction(fps * 1000, 1001)
    for count in [*range(fps * 60 - 5, fps * 60 + 5), *range(fps * 600 - 30, fps * 600 + 5), fps * 3600]:
        label = Timecode(count, fps, True)
        assert Timecode.parse(str(label), rate) == label
    assert str(Timecode(17982 * fps // 30, fps, True)) == "00:10:00;00"
    with pytest.raises(SourceError, match="leaves out"):
        Timecode.parse("00:01:00;00", rate)


def test_timecode_errors_and_wrap() -> None:
    assert str(Timecode.parse("23:59:59:23", Fraction(24)) + 1) == "00:00:00:00"
    for wrong in ("1:2:3", "00:61:00:00", "00:00:00:24", "00:00:01;00"):
        with pytest.raises(SourceError):
            Timecode.parse(wrong, Fraction(24))
