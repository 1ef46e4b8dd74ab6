"""Packets sent to a decoder, and pictures that came back: which were lost or concealed, and their times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import av.packet
import av.video.frame
from av.video.stream import VideoStream


@dataclass(frozen=True)
class Picture:
    """A picture as the decoder gave it."""

    frame: av.video.frame.VideoFrame
    pts: int | None
    """In units of the stream's time base; None where neither container nor decoder says."""
    damage: str | None = None
    """Why it is not whole; the decoder has concealed what is missing."""
    follows_damage: bool = False
    """Whether a damaged picture came before it and no key frame since: traces may show."""


@dataclass(frozen=True)
class LostPicture:
    """A picture that the decoder could not make, or that the container has lost."""

    pts: int | None
    damage: str


@dataclass
class PacketLedger:
    """Packets sent for which no picture came back yet, and what was said of them.

    Packets and pictures are matched by pts, or by dts where a container keeps no pts.
    """

    pending: dict[int, None] = field(default_factory=dict)
    lost: dict[int, str] = field(default_factory=dict)
    concealed: dict[int, str] = field(default_factory=dict)

    def sent(self, packet: av.packet.Packet[VideoStream] | None) -> int | None:
        """Note a packet that is about to be decoded; returns what it is matched by."""
        if packet is None or not packet.size:
            return None
        key = packet.pts if packet.pts is not None else packet.dts
        if key is not None and not packet.is_discard:
            self.pending[key] = None
        return key

    def overtaken(self, frame: av.video.frame.VideoFrame) -> Iterator[LostPicture]:
        """Settle a picture that came; yield those before it that never will.

        A packet may rightly give no picture (a second field, a frame never shown): it is lost only where
        the decoder refused it.
        """
        shown = _key(frame)
        if shown is None:
            return
        self.pending.pop(shown, None)
        for earlier in sorted(before for before in self.pending if before < shown):
            del self.pending[earlier]
            if earlier in self.lost:
                yield LostPicture(earlier, self.lost.pop(earlier))

    def account(self, frame: av.video.frame.VideoFrame) -> str | None:
        """Return what was said of a picture that came."""
        shown = _key(frame)
        if shown is None:
            return None
        return self.concealed.pop(shown, None) or self.lost.pop(shown, None)

    def rest(self) -> Iterator[LostPicture]:
        """Settle what is left when the source has ended."""
        for key in sorted(self.pending):
            if key in self.lost:
                yield LostPicture(key, self.lost[key])


def _key(frame: av.video.frame.VideoFrame) -> int | None:
    return frame.pts if frame.pts is not None else frame.dts


class BestTime:
    """The time of a picture: its pts, or its dts where pts are missing or go backwards more often than dts.

    As libavcodec's `best_effort_timestamp` (guess_correct_pts in its decode.c), which PyAV does not show.
    """

    def __init__(self) -> None:
        self._last_pts = self._last_dts = -(2**63)
        self._faulty_pts = self._faulty_dts = 0

    def of(self, frame: av.video.frame.VideoFrame) -> int | None:
        """Return the time of the next picture."""
        pts, dts = frame.pts, frame.dts
        if dts is not None:
            self._faulty_dts += dts <= self._last_dts
            self._last_dts = dts
        elif pts is not None:
            self._last_dts = pts
        if pts is not None:
            self._faulty_pts += pts <= self._last_pts
            self._last_pts = pts
        elif dts is not None:
            self._last_pts = dts
        return pts if pts is not None and (self._faulty_pts <= self._faulty_dts or dts is None) else dts


class Gaps:
    """Fills in pictures of which not even a packet arrived, where something is known to be damaged.

    They are told by a gap in time. Nothing is filled in where the source's own frames do not keep one rate.
    """

    def __init__(self, step: float, *, most: int) -> None:
        self._step = step
        """Units of the time base per frame."""
        self._most = most
        """A gap of more frames is not believed: there it is the time that is damaged."""
        self._first: int | None = None
        self._last: int | None = None
        self._is_regular = True
        self._damage: str | None = None

    def expect(self, damage: str) -> None:
        """Note that pictures may be missing about here, and why."""
        self._damage = damage

    def filled(self, picture: Picture | LostPicture) -> Iterator[Picture | LostPicture]:
        """Yield a picture, and before it those that are missing."""
        last, self._last = self._last, picture.pts
        if self._first is None:
            self._first = picture.pts
        if last is not None and picture.pts is not None:
            missing = round((picture.pts - last) / self._step) - 1
            if missing != 0 and self._damage is None:
                self._is_regular = False
            elif 0 < missing <= self._most and self._is_regular:
                yield from self._missing(last, missing)
        if isinstance(picture, Picture):
            self._damage = None if picture.damage is None and not picture.follows_damage else self._damage
        yield picture

    def _missing(self, last: int, count: int) -> Iterator[LostPicture]:
        first = self._first or 0
        place = round((last - first) / self._step)
        for number in range(place + 1, place + 1 + count):
            yield LostPicture(first + round(number * self._step), self._damage or "")
