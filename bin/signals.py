"""Ctrl-C, SIGTERM and SIGHUP: a clean stop, and the end within two seconds whatever hangs."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from reelfix.bin.exit_codes import ExitCode

GRACE_SECONDS = 1.7
"""From the signal to the end of the process, where tidying up takes longer."""

# Python's tracker of shared resources, a process of its own, warns of those that killed workers leave; it
# frees them too, so there is nothing to warn of.
_QUIET_TRACKER = "ignore:resource_tracker:UserWarning"
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def stopping_cleanly(say_how_to_go_on: Callable[[], None]) -> Iterator[None]:
    """Within: the first signal raises KeyboardInterrupt in the main thread, later ones are ignored.

    So that the tidying-up that the first one sets off is not cut short by an impatient second. Where it has
    not ended the process after `GRACE_SECONDS`, the process ends all the same: whatever is committed stays,
    as after a kill, and worker processes die with their parent.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end() -> None:
        say_how_to_go_on()
        os._exit(ExitCode.INTERRUPTED)

    def stop(number: int, frame: FrameType | None) -> None:
        for other in _SIGNALS:
            signal.signal(other, signal.SIG_IGN)
        watchdog = threading.Timer(GRACE_SECONDS, end)
        watchdog.daemon = True
        watchdog.start()
        raise KeyboardInterrupt

    os.environ["PYTHONWARNINGS"] = ",".join(filter(None, [os.environ.get("PYTHONWARNINGS"), _QUIET_TRACKER]))
    previous = {number: signal.signal(number, stop) for number in _SIGNALS}
    try:
        yield
    finally:
        # After a stop they stay ignored: the interpreter's own tidying-up is not to be cut short either.
        if signal.getsignal(signal.SIGTERM) is stop:
            for number, handler in previous.items():
                signal.signal(number, handler)
