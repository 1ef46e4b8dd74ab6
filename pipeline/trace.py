"""A trace of what workers did, for measurements: one JSON line an event, appended whole."""

import json
import os
from pathlib import Path

from reelfix.pipeline.events import Emit, Event

TRACE_VARIABLE = "REELFIX_TRACE"
"""Environment variable that names the file to append to."""


def traced(emit: Emit) -> Emit:
    """Return `emit`, also writing every event to the file that TRACE_VARIABLE names, if any.

    A line is one write to a file opened for appending: many processes may share the file, and none is torn
    by a kill.
    """
    name = os.environ.get(TRACE_VARIABLE)
    if name is None:
        return emit

    def emit_and_write(event: Event) -> None:
        line = json.dumps({"pid": os.getpid(), **event.to_json()}) + "\n"
        descriptor = os.open(Path(name), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)
        emit(event)

    return emit_and_write
