"""What a transfer does to film and marks alike: drawn from the settings, as steps."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from reelfix.restoration.damage.interlace import combed, combed_frames
from reelfix.restoration.damage.low_resolution import lowered
from reelfix.restoration.damage.operators import Operators
from reelfix.restoration.damage.picture import PictureTruth
from reelfix.restoration.damage.settings import DamageSettings
from reelfix.restoration.damage.sources import Sources
from reelfix.restoration.damage.steps import Step
from reelfix.restoration.damage.surface import Surface
from reelfix.restoration.damage.tape import Tape, taped


@dataclass
class Transfer:
    """Draws what befalls the clip once all marks lie on it."""

    settings: DamageSettings
    surface: Surface
    operators: Operators
    sources: Sources
    truth: PictureTruth
    pattern: npt.NDArray[np.float32] | None = None
    """(T,), which frames are combed; None without interlace."""

    def steps(self) -> Iterator[Step]:
        """Draw the steps, and fill in the truth of them."""
        settings, truth = self.settings, self.truth
        if settings.low_resolution is not None:
            truth.tell(low_resolution__factor=settings.low_resolution.factor)
            yield Step("signal", partial(lowered, settings.low_resolution))
        if settings.interlace is not None:
            self.pattern = combed_frames(settings.interlace, self.surface.frames, self.sources["interlace"])
            truth.parameters["interlace.combed"] = self.pattern * np.float32(settings.interlace.strength)
            yield Step("signal", partial(combed, settings.interlace, self.pattern))
        if settings.tape is not None:
            yield self._tape(settings.tape)

    def _tape(self, tape: Tape) -> Step:
        self.truth.tell(
            tape__noise=tape.noise,
            tape__line_noise=tape.line_noise,
            tape__chroma_noise=tape.chroma_noise,
            tape__bandwidth=tape.bandwidth,
            tape__ringing=tape.ringing,
        )
        source, operators = self.sources["tape"], self.operators
        play = partial(taped, tape, surface=self.surface, operators=operators, source=source)
        return Step("signal", play)
