"""A source's frames, one after the other, without a gap: planes, times, and what was damaged."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

import av.video.frame

from reelfix.io.decode import Decoder
from reelfix.io.decoder_log import DecoderLog
from reelfix.io.errors import SourceError
from reelfix.io.filters import FilterGraph, Filters
from reelfix.io.packet_ledger import LostPicture, Picture
from reelfix.io.planes import FramePlanes, PlaneReader
from reelfix.io.probe import INTRA_AS_USED, Probe
from reelfix.io.source_info import DamagedFrame


@dataclass(frozen=True)
class SourceFrame:
    """One frame as the store will have it."""

    number: int
    planes: FramePlanes
    pts: int
    time_is: Literal["given", "missing", "moved"]
    """`missing`: the source has no time for it, the rate was taken; `moved`: not after the frame before."""
    damage: DamagedFrame | None = None
    follows_damage: bool = False
    """Whether traces of a damaged frame before it may show: no key frame came since."""


@dataclass(frozen=True)
class Clock:
    """Turns the times that a source gives into times that grow from frame to frame.

    A time that does not lie after the frame before it becomes that one's plus one unit; a missing time
    becomes the first frame's plus so many frame durations. Both are counted and told.
    """

    step: Fraction
    """Units of the time base per frame, by the declared rate."""
    first: int | None = None
    last: int | None = None

    def tick(self, pts: int | None, number: int) -> tuple["Clock", int, Literal["given", "missing", "moved"]]:
        """Return the clock after frame `number`, that frame's time, and where it is from."""
        kind: Literal["given", "missing", "moved"] = "given"
        if pts is None:
            kind, pts = "missing", round((self.first or 0) + number * self.step)
        if self.last is not None and pts <= self.last:
            kind, pts = ("missing" if kind == "missing" else "moved"), self.last + 1
        return replace(self, first=pts if self.first is None else self.first, last=pts), pts, kind


@dataclass(frozen=True)
class Start:
    """Where to begin reading: at frame `number`, the first that is shown after `after_pts`."""

    number: int
    after_pts: int
    clock: Clock


class _Numbering:
    """Gives frames their numbers and times."""

    def __init__(self, number: int, clock: Clock) -> None:
        self.number = number
        """Of the next frame."""
        self._clock = clock

    def repeated(self, lost: LostPicture, planes: FramePlanes) -> SourceFrame:
        """Return the frame that stands for a lost picture."""
        return self._next(lost.pts, planes, damage=lost.damage, concealed_by="repeat")

    def decoded(self, picture: Picture, planes: FramePlanes, *, leans: bool) -> SourceFrame:
        """Return the frame of a picture; where it `leans` on those before, damage goes on to a key frame."""
        damage, follows = picture.damage, picture.follows_damage
        if leans and follows and damage is None:
            damage, follows = "it leans on a damaged frame before it", False
        return self._next(picture.pts, planes, damage=damage, concealed_by="decoder", follows_damage=follows)

    def _next(
        self,
        pts: int | None,
        planes: FramePlanes,
        *,
        damage: str | None,
        concealed_by: Literal["decoder", "repeat"],
        follows_damage: bool = False,
    ) -> SourceFrame:
        number = self.number
        self._clock, time, kind = self._clock.tick(pts, number)
        self.number += 1
        record = None
        if damage is not None:
            record = DamagedFrame(frame=number, pts=time, concealed_by=concealed_by, reason=damage)
        return SourceFrame(number, planes, time, kind, record, follows_damage)


class FrameReader:
    """Reads a source's frames for the store."""

    def __init__(
        self, probe: Probe, *, filters: Filters | None, threads: int | None, strict: bool, log: DecoderLog
    ) -> None:
        self._probe = probe
        self._filters = filters
        self._strict = strict
        self._decoder = Decoder(probe, threads=threads, log=log)
        self._planes = PlaneReader(probe.store)
        self.time_base = probe.video.time_base_fraction
        """Of the frames' pts: the source's, or the filters' own once frames have come."""

    @property
    def ended_early(self) -> bool:
        """Whether the container broke off."""
        return self._decoder.ended_early

    def frames(self, start: Start | None = None) -> Iterator[SourceFrame]:
        """Yield the frames in order. Raises SourceError, for damage too where the reader is strict."""
        video = self._probe.video
        numbering = _Numbering(
            start.number if start else 0,
            start.clock if start else Clock(1 / (video.rate_fraction * video.time_base_fraction)),
        )
        shown: FramePlanes | None = None
        waiting: list[LostPicture] = []
        for picture in self._pictures(start.after_pts if start else None):
            self._refuse_damage(picture, numbering.number + len(waiting))
            if isinstance(picture, LostPicture):
                waiting.append(picture)
                continue
            self._refuse_change(picture.frame, numbering.number)
            planes = self._planes.read(picture.frame)
            # A lost picture is shown as the one before it; at the very beginning as the one after.
            for lost in waiting:
                yield numbering.repeated(lost, shown or planes)
            waiting.clear()
            yield numbering.decoded(picture, planes, leans=video.codec in INTRA_AS_USED)
            shown = planes
        for lost in waiting if shown is not None else ():
            yield numbering.repeated(lost, shown or {})

    def _pictures(self, after_pts: int | None) -> Iterator[Picture | LostPicture]:
        pictures = self._decoder.pictures(after_pts=after_pts)
        return pictures if self._filters is None else self._filtered(pictures, self._filters)

    def _filtered(self, pictures: Iterator[Picture | LostPicture], filters: Filters) -> Iterator[Picture]:
        """Pass pictures through the filters: a lost one as a repeat, damage with the next frame to leave."""
        graph = FilterGraph(filters, self._probe.video)
        last: av.video.frame.VideoFrame | None = None
        damage: str | None = None
        for picture in pictures:
            damage = damage or picture.damage
            if isinstance(picture, Picture):
                self._refuse_change(picture.frame, 0)
                last = picture.frame
            if last is None:
                continue
            last.pts = picture.pts
            for ready in graph.push(last):
                self.time_base = ready.time_base or self.time_base
                yield Picture(ready, ready.pts, damage)
                damage = None
        for ready in graph.push(None):
            yield Picture(ready, ready.pts, damage)
            damage = None

    def _refuse_damage(self, picture: Picture | LostPicture, number: int) -> None:
        if self._strict and picture.damage is not None:
            raise SourceError(
                f"frame {number} (pts {picture.pts}) of {self._probe.source.path} is damaged: "
                f"{picture.damage}. Ingest without --strict to go on with the frame concealed and recorded."
            )

    def _refuse_change(self, frame: av.video.frame.VideoFrame, number: int) -> None:
        video = self._probe.video
        found = (frame.width, frame.height, frame.format.name)
        if found != (video.width, video.height, video.pix_fmt):
            raise SourceError(
                f"the picture of {self._probe.source.path} changes from {video.width}x{video.height} "
                f"{video.pix_fmt} to {found[0]}x{found[1]} {found[2]} at frame {number}: "
                f"a reel has one size and format. Cut the source there, and ingest the parts as "
                "reels of their own."
            )
