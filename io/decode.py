"""A source's pictures in the order they are shown, with an account of every one that was damaged.

Decoding begins with all of ffmpeg's threads. There an error surfaces some packets late, PyAV may drop what
was decoded beside it, and how a picture is concealed depends on timing. So at the first sign of damage the
reader starts anew at that place, where needed on one thread; an error then belongs to the packet just sent.
Whole pictures are the same both ways, and a damaged one always comes from the second.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

import av
import av.container
import av.packet
import av.video.frame
from av.video.stream import VideoStream

from reelfix.io.decoder_log import DecoderLog
from reelfix.io.errors import SourceError
from reelfix.io.probe import Probe, open_container

if TYPE_CHECKING:
    Packet: TypeAlias = av.packet.Packet[VideoStream]

_DEMUX_ATTEMPTS = 8


@dataclass(frozen=True)
class Picture:
    """A picture as the decoder gave it."""

    frame: av.video.frame.VideoFrame
    pts: int | None
    """In units of the stream's time base; None where neither container nor decoder says."""
    damage: str | None = None
    """Why it is not whole; the decoder has concealed what is missing."""


@dataclass(frozen=True)
class LostPicture:
    """A packet of which the decoder could make no picture."""

    pts: int | None
    damage: str


class _DoubtError(Exception):
    """Something may be damaged here."""


@dataclass
class _Ledger:
    """Packets sent for which no picture came back yet, and what was said of them."""

    pending: dict[int, None] = field(default_factory=dict)
    lost: dict[int, str] = field(default_factory=dict)
    concealed: dict[int, str] = field(default_factory=dict)

    def sent(self, packet: Packet | None) -> int | None:
        """Note a packet that is about to be decoded; returns when it is shown, its name in the ledger."""
        if packet is None or not packet.size:
            return None
        key = _name_of(packet)
        if key is not None and not packet.is_discard:
            self.pending[key] = None
        return key

    def overtaken(self, frame: av.video.frame.VideoFrame) -> Iterator[LostPicture]:
        """Settle a picture that came; yield those before it that never will.

        A packet may rightly give no picture (a second field, a frame never shown): it is lost only where
        the decoder refused it.
        """
        shown = _name_of(frame)
        if shown is None:
            return
        self.pending.pop(shown, None)
        for earlier in sorted(before for before in self.pending if before < shown):
            del self.pending[earlier]
            if earlier in self.lost:
                yield LostPicture(earlier, self.lost.pop(earlier))

    def forget(self, frame: av.video.frame.VideoFrame) -> None:
        """Settle a picture that came where none is in doubt."""
        for _ in self.overtaken(frame):
            raise _DoubtError

    def account(self, frame: av.video.frame.VideoFrame) -> str | None:
        """Return what was said of a picture that came."""
        shown = _name_of(frame)
        if shown is None:
            return None
        return self.concealed.pop(shown, None) or self.lost.pop(shown, None)

    def rest(self) -> Iterator[LostPicture]:
        """Settle what is left when the source has ended."""
        for key in sorted(self.pending):
            if key in self.lost:
                yield LostPicture(key, self.lost[key])


class Decoder:
    """Reads the pictures of one source."""

    def __init__(self, probe: Probe, *, threads: int | None, log: DecoderLog) -> None:
        self._probe = probe
        self._threads = threads
        self._log = log
        self.ended_early = False
        """Whether the container broke off: known once the pictures are all read."""

    def pictures(self, *, after_pts: int | None = None) -> Iterator[Picture | LostPicture]:
        """Yield the source's pictures; with `after_pts`, those shown later than that alone (by seeking).

        Raises SourceError where the source can no longer be read.
        """
        delivered, last = 0, after_pts
        doubtful = False
        try:
            for picture in self._at_full_speed(after_pts):
                yield picture
                delivered += 1
                last = picture.pts
        except _DoubtError:
            doubtful = True
        if not doubtful:
            return
        if last is None:
            yield from islice(self._with_care(None, seek=False), delivered, None)
        else:
            yield from self._with_care(last, seek=self._probe.is_intra_only)

    def _at_full_speed(self, after_pts: int | None) -> Iterator[Picture]:
        ledger, times = _Ledger(), _BestTime()
        with open_container(self._probe.source) as container:
            stream = self._stream(container, "AUTO", self._threads)
            if after_pts is not None:
                container.seek(after_pts, stream=stream)
            try:
                for packet in self._packets(container, stream):
                    ledger.sent(packet)
                    for frame in self._undoubted(stream, packet):
                        ledger.forget(frame)
                        picture = Picture(frame, times.of(frame))
                        if _is_wanted(picture.pts, after_pts):
                            yield picture
            finally:
                # Parks the decoder's threads. Freeing it waits for them while holding the interpreter's lock,
                # for which a thread that has something to log would wait in turn.
                stream.codec_context.flush_buffers()
            # An error while draining is not always told. The last picture's second field may rightly be left.
            if len(ledger.pending) > (self._probe.video.field_order not in ("progressive", "unknown")):
                raise _DoubtError

    def _undoubted(self, stream: VideoStream, packet: Packet | None) -> list[av.video.frame.VideoFrame]:
        if packet is not None and packet.is_corrupt:
            raise _DoubtError
        try:
            frames = stream.decode(packet)
        except av.error.FFmpegError as error:
            raise _DoubtError from error
        if any(frame.is_corrupt for frame in frames) or self._complaint(stream):
            raise _DoubtError
        return frames

    def _with_care(self, after_pts: int | None, *, seek: bool) -> Iterator[Picture | LostPicture]:
        ledger, times = _Ledger(), _BestTime()
        with open_container(self._probe.source) as container:
            # Where pictures lean on others, threads over slices conceal by what happens to be decoded.
            threads = self._threads if self._probe.is_intra_only else 1
            stream = self._stream(container, "SLICE", threads)
            if seek and after_pts is not None:
                container.seek(after_pts, stream=stream)
            self._log.take()
            for packet in self._packets(container, stream):
                key = ledger.sent(packet)
                frames: list[av.video.frame.VideoFrame] = []
                refused = None
                try:
                    frames = stream.decode(packet)
                except av.error.FFmpegError as error:
                    refused = error.strerror or "the decoder refused it"
                said = self._complaint(stream)
                if packet is not None and packet.is_corrupt:
                    said = said or "the container marks the packet as corrupt"
                if refused and key is None:
                    yield LostPicture(None, said or refused)
                elif refused and key is not None:
                    ledger.lost[key] = said or refused
                elif said and key is not None:
                    ledger.concealed[key] = said
                yield from self._settled(frames, ledger, times, after_pts)
            yield from (lost for lost in ledger.rest() if _is_wanted(lost.pts, after_pts))

    def _settled(
        self,
        frames: list[av.video.frame.VideoFrame],
        ledger: _Ledger,
        times: _BestTime,
        after_pts: int | None,
    ) -> Iterator[Picture | LostPicture]:
        for frame in frames:
            damage = "the decoder marked it as corrupt" if frame.is_corrupt else None
            yield from (lost for lost in ledger.overtaken(frame) if _is_wanted(lost.pts, after_pts))
            damage = ledger.account(frame) or damage
            pts = times.of(frame)
            if _is_wanted(pts, after_pts):
                yield Picture(frame, pts, damage)

    def _stream(
        self, container: av.container.InputContainer, threading: str, threads: int | None
    ) -> VideoStream:
        stream = container.streams[self._probe.video.index]
        assert isinstance(stream, VideoStream)
        stream.thread_type = threading
        stream.thread_count = threads or 0
        return stream

    def _packets(
        self, container: av.container.InputContainer, stream: VideoStream
    ) -> Iterator[Packet | None]:
        """Yield the stream's packets, the last None or empty; goes on behind what cannot be demuxed."""
        for _ in range(_DEMUX_ATTEMPTS):
            try:
                yield from container.demux(stream)
            except av.error.InvalidDataError:
                self.ended_early = True
                continue
            except av.error.FFmpegError as error:
                raise SourceError(
                    f"{self._probe.source.path} can no longer be read: {error.strerror}. "
                    "Check its disk or network; the same command goes on from where it stopped."
                ) from error
            return
        yield None

    def _complaint(self, stream: VideoStream) -> str | None:
        """What the decoder said of damage; the container's own complaints are kept apart."""
        complaint = None
        for name, message in self._log.take():
            if name == stream.codec.name:
                complaint = complaint or message
            elif "prematurely" in message or "partial file" in message:
                self.ended_early = True
        return complaint


def _name_of(shown: av.video.frame.VideoFrame | av.packet.Packet[VideoStream]) -> int | None:
    """What packets and pictures are matched by."""
    return shown.pts if shown.pts is not None else shown.dts


class _BestTime:
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


def _is_wanted(pts: int | None, after_pts: int | None) -> bool:
    return after_pts is None or (pts is not None and pts > after_pts)
