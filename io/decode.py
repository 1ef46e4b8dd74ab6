"""A source's pictures in the order they are shown, with an account of every one that was damaged.

Decoding begins with all of ffmpeg's threads. There an error surfaces some packets late, PyAV may drop what
was decoded beside it, and how a picture is concealed depends on timing. So at the first sign of damage the
reader starts anew at that place, where needed on one thread; an error then belongs to the packet just sent.
Whole pictures are the same both ways, and a damaged one always comes from the second.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

import av
import av.container
import av.packet
import av.video.frame
from av.video.stream import VideoStream

from reelfix.io.decoder_log import DecoderLog
from reelfix.io.errors import SourceError
from reelfix.io.packet_ledger import BestTime, Gaps, LostPicture, PacketLedger, Picture
from reelfix.io.probe import Probe, open_container

if TYPE_CHECKING:
    Packet: TypeAlias = av.packet.Packet[VideoStream]

_DEMUX_ATTEMPTS = 8
_MOST_MISSING = 250


class _DoubtError(Exception):
    """Something may be damaged here."""


class Decoder:
    """Reads the pictures of one source."""

    def __init__(self, probe: Probe, *, threads: int | None, log: DecoderLog) -> None:
        self._probe = probe
        self._threads = threads
        self._log = log
        self._container_complaint: str | None = None
        self.ended_early = False
        """Whether the container broke off: known once the pictures are all read."""

    def pictures(self, *, after_pts: int | None = None) -> Iterator[Picture | LostPicture]:
        """Yield the source's pictures; with `after_pts`, those shown later than that alone (by seeking).

        Raises SourceError where the source can no longer be read.
        """
        video = self._probe.video
        step = float(1 / (video.rate_fraction * video.time_base_fraction))
        gaps = Gaps(step, most=self._probe.expected_frames or _MOST_MISSING)
        for picture in self._unfilled(after_pts, gaps):
            yield from gaps.filled(picture)

    def _unfilled(self, after_pts: int | None, gaps: Gaps) -> Iterator[Picture | LostPicture]:
        delivered, last = 0, after_pts
        try:
            for picture in self._at_full_speed(after_pts):
                yield picture
                delivered += 1
                last = picture.pts
            return
        except _DoubtError:
            pass  # left before the second decoder is opened: the first is freed
        if last is None:
            yield from islice(self._with_care(None, gaps, seek=False), delivered, None)
        else:
            yield from self._with_care(last, gaps, seek=self._probe.is_intra_only)

    def _at_full_speed(self, after_pts: int | None) -> Iterator[Picture]:
        ledger, times = PacketLedger(), BestTime()
        with open_container(self._probe.source) as container:
            stream = self._stream(container, "AUTO", self._threads)
            if after_pts is not None:
                container.seek(after_pts, stream=stream)
            try:
                for packet in self._packets(container, stream):
                    ledger.sent(packet)
                    for frame in self._undoubted(stream, packet):
                        if any(True for _ in ledger.overtaken(frame)):
                            raise _DoubtError
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
        complaint = self._complaint(stream)
        if complaint or self._container_complaint or any(frame.is_corrupt for frame in frames):
            raise _DoubtError
        return frames

    def _with_care(self, after_pts: int | None, gaps: Gaps, *, seek: bool) -> Iterator[Picture | LostPicture]:
        with open_container(self._probe.source) as container:
            # Where pictures lean on others, threads over slices conceal by what happens to be decoded.
            threads = self._threads if self._probe.is_intra_only else 1
            stream = self._stream(container, "SLICE", threads)
            if seek and after_pts is not None:
                container.seek(after_pts, stream=stream)
            self._log.take()
            self._container_complaint = None
            for picture in self._accounted(container, stream, gaps):
                if _is_wanted(picture.pts, after_pts):
                    yield picture

    def _accounted(
        self, container: av.container.InputContainer, stream: VideoStream, gaps: Gaps
    ) -> Iterator[Picture | LostPicture]:
        """Decode packet by packet, and tell what became of each."""
        ledger, times = PacketLedger(), BestTime()
        follows_damage = False
        for packet in self._packets(container, stream):
            into: list[av.video.frame.VideoFrame] = []
            yield from self._send(stream, packet, ledger, into)
            if self._container_complaint is not None:
                gaps.expect(f"the container is damaged before it: {self._container_complaint}")
                self._container_complaint = None
                follows_damage = True
            for frame in into:
                lost = list(ledger.overtaken(frame))
                damage = ledger.account(frame)
                if damage is None and frame.is_corrupt:
                    damage = "the decoder marked it as corrupt"
                for picture in lost:
                    gaps.expect(picture.damage)
                    yield picture
                follows_damage = (follows_damage or bool(lost)) and not frame.key_frame
                yield Picture(frame, times.of(frame), damage, follows_damage and damage is None)
                follows_damage = follows_damage or damage is not None
        for picture in ledger.rest():
            gaps.expect(picture.damage)
            yield picture

    def _send(
        self,
        stream: VideoStream,
        packet: Packet | None,
        ledger: PacketLedger,
        into: list[av.video.frame.VideoFrame],
    ) -> Iterator[LostPicture]:
        """Decode a packet, and enter in the ledger what the decoder said of it."""
        key = ledger.sent(packet)
        refused = None
        try:
            into += stream.decode(packet)
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
        """Return what the decoder said of damage; what the container said is kept for its own purposes."""
        complaint = None
        for name, message in self._log.take():
            if name == stream.codec.name:
                complaint = complaint or message
            elif "prematurely" in message or "partial file" in message:
                self.ended_early = True
            elif name == self._probe.container:
                self._container_complaint = self._container_complaint or message
        return complaint


def _is_wanted(pts: int | None, after_pts: int | None) -> bool:
    return after_pts is None or (pts is not None and pts > after_pts)
