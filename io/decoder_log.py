"""What ffmpeg's libraries say while they decode: the only sign of some damage."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

import av.logging

# Lines of other errors (a reference list that is odd but harmless) are common in healthy files.
_DAMAGE = re.compile(
    r"crc|damag|corrupt|error while|invalid|overread|truncat|conceal|missing|no frame"
    r"|prematurely|partial file|EBML|exceeds|unknown element",
    re.IGNORECASE,
)


class DecoderLog:
    """Error lines since `take` was last called."""

    def __init__(self, lines: list[tuple[int, str, str]]) -> None:
        self._lines = lines

    def take(self) -> list[tuple[str, str]]:
        """Return the lines that tell of damage, said since the last call: who said it, and what."""
        new = self._lines[:]
        del self._lines[: len(new)]
        return [(name, message.strip()) for _, name, message in new if _DAMAGE.search(message)]


@contextmanager
def listen() -> Iterator[DecoderLog]:
    """Collect what all decoders of this process say, from whichever thread.

    The libraries have one log for the whole process; it is set back on leaving. Between collectors PyAV
    would hand lines to Python's logging, which prints them: a handler that does nothing stops that.
    """
    logger = logging.getLogger("libav")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    before, repeated = av.logging.get_level(), av.logging.get_skip_repeated()
    av.logging.set_skip_repeated(False)
    av.logging.set_level(av.logging.ERROR)
    try:
        with av.logging.Capture(local=False) as lines:
            yield DecoderLog(lines)
    finally:
        av.logging.set_level(before)
        av.logging.set_skip_repeated(repeated)
