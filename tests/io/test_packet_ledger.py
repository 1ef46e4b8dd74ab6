"""Times as libavcodec would guess them; pictures filled in only where damage explains their absence."""

from dataclasses import dataclass
from typing import Any

from reelfix.io.packet_ledger import BestTime, Gaps, LostPicture, PacketLedger, Picture


@dataclass
class Times:
    """The times of a packet or picture: all that is looked at here."""

    pts: int | None
    dts: int | None = None
    size: int = 1
    is_discard: bool = False


def best(*times: tuple[int | None, int | None]) -> list[int | None]:
    clock = BestTime()
    return [clock.of(Times(pts, dts)) for pts, dts in times]  # type: ignore[arg-type]


def test_best_time_is_the_pts_while_it_grows() -> None:
    assert best((0, None), (10, 5), (20, 10)) == [0, 10, 20]


def test_best_time_is_the_dts_without_pts() -> None:
    assert best((None, 3), (None, 4), (None, None)) == [3, 4, None]


def test_best_time_turns_to_dts_once_pts_go_backwards_more_often() -> None:
    assert best((0, 67), (101, 101), (67, 134), (134, 167), (34, 201)) == [0, 101, 134, 167, 201]


def picture(pts: int, damage: str | None = None, follows: bool = False) -> Picture:
    frame: Any = None
    return Picture(frame, pts, damage, follows)


def filled(gaps: Gaps, *pictures: Picture | LostPicture) -> list[tuple[int | None, bool]]:
    return [(found.pts, isinstance(found, LostPicture)) for one in pictures for found in gaps.filled(one)]


def test_a_gap_is_filled_where_damage_is_known() -> None:
    gaps = Gaps(1000 / 24, most=100)
    assert filled(gaps, picture(0), picture(42)) == [(0, False), (42, False)]
    gaps.expect("the container is damaged")
    assert filled(gaps, picture(208)) == [(83, True), (125, True), (167, True), (208, False)]
    assert filled(gaps, picture(417)) == [(417, False)]  # no damage is known of


def test_a_gap_is_left_in_a_source_of_varying_rate() -> None:
    gaps = Gaps(10.0, most=100)
    filled(gaps, picture(0), picture(30), picture(40))
    gaps.expect("the container is damaged")
    assert filled(gaps, picture(90)) == [(90, False)]


def test_a_gap_too_long_is_not_believed() -> None:
    gaps = Gaps(10.0, most=100)
    filled(gaps, picture(0), picture(10))
    gaps.expect("the container is damaged")
    assert filled(gaps, picture(10_000_000)) == [(10_000_000, False)]


def test_what_is_lost_counts_as_shown() -> None:
    gaps = Gaps(10.0, most=100)
    filled(gaps, picture(0))
    gaps.expect("refused")
    assert filled(gaps, LostPicture(10, "refused"), picture(30)) == [(10, True), (20, True), (30, False)]


def test_ledger_tells_the_lost_from_the_never_shown() -> None:
    ledger = PacketLedger()
    for pts in (0, 10, 20, 30, 40):
        assert ledger.sent(Times(pts)) == pts  # type: ignore[arg-type]
    assert ledger.sent(Times(50, size=0)) is None  # type: ignore[arg-type]
    ledger.sent(Times(60, is_discard=True))  # type: ignore[arg-type]
    ledger.lost[10] = "refused"
    ledger.concealed[30] = "crc"
    assert list(ledger.overtaken(Times(30))) == [LostPicture(10, "refused")]  # type: ignore[arg-type]
    assert ledger.account(Times(30)) == "crc"  # type: ignore[arg-type]
    assert list(ledger.pending) == [40]
    ledger.lost[40] = "refused"
    assert list(ledger.rest()) == [LostPicture(40, "refused")]
