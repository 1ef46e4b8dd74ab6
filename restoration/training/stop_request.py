"""Ctrl-C and SIGTERM in the middle of a step: heard at once, obeyed where the weights are whole."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType


class Stopped(BaseException):
    """Raised by a signal within `StopRequest.obeyed_at_once`."""


class StopRequest:
    """Within: the first signal sets `is_made`; a second one does what it did before.

    Signals can be heard in the main thread alone; in another, nothing is changed.
    """

    def __init__(self) -> None:
        self.is_made = False
        self._is_waited_for = False
        self._previous: dict[signal.Signals, signal.Handlers | object] = {}

    def __enter__(self) -> "StopRequest":
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._previous[number] = signal.signal(number, self._hear)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._give_back()

    @contextmanager
    def obeyed_at_once(self) -> Iterator[None]:
        """Within: the signal raises `Stopped`. For what changes no weights, and may take long."""
        self._is_waited_for = True
        try:
            if self.is_made:
                raise Stopped
            yield
        finally:
            self._is_waited_for = False

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self.is_made = True
        self._give_back()
        if self._is_waited_for:
            raise Stopped

    def _give_back(self) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        self._previous.clear()
