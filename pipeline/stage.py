"""The contract between the engine and a stage."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from reelfix.restoration.models.weights import sha256_of

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class ClipFormat:
    """The shape of the frames that stages see."""

    height: int
    width: int
    channels: int
    """1 for a monochrome source, else 3 (R, G, B)."""
    depth: int
    """Bits of a code value in the source, 8 to 16."""
    rate: float
    """Frames per second."""
    black: float = 0.0
    """Black and white in a frame's scale: 16/255 and 235/255 where code values have head and foot room."""
    white: float = 1.0
    red_weight: float = 0.299
    """Of red and blue in the luma; green has the rest."""
    blue_weight: float = 0.114


class StageSettings(BaseModel):
    """Settings every stage has; an unknown key is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    strength: float = Field(default=1.0, ge=0.0, le=1.0)
    """0 leaves the picture as it is, 1 does all the stage can do."""


S = TypeVar("S", bound=StageSettings)


@dataclass(frozen=True)
class Window:
    """The frames a stage sees at once: a block, and its handles where the shot has them.

    `products[name]` begins `lead` frames before the block's first frame and ends `tail` frames after its
    last; `lead` and `tail` are at most the stage's handle, less at the shot's ends.
    `frames` and `grainy`: float32 (T, C, H, W) in [0, 1]; `mask`: uint8 (T, 2, H, W), planes dirt and
    scratch, probability times 255; `motion`: `reelfix.restoration.motion.Motion`; `user_mask`: uint8
    (T, 3, H, W), planes dirt, scratch and protect (`user_masks.PLANES`).
    """

    products: Mapping[str, Any]
    start: int
    """First frame of the block, counted from the shot's first frame."""
    stop: int
    lead: int
    tail: int
    shot_frames: int
    """Frames in the whole shot."""
    whole: frozenset[str] = frozenset()
    """Products that are here for the whole shot, from its first frame, whatever the window."""
    carried: Mapping[str, torch.Tensor] = field(default_factory=dict)
    """Of a stage that carries state: what it returned with the frame before the block; empty at the shot's
    first frame. Not to be changed in place."""

    @property
    def frames(self) -> torch.Tensor:
        """float32 (lead + block + tail, C, H, W) in [0, 1]."""
        frames: torch.Tensor = self.products["frames"]
        return frames

    @property
    def core(self) -> slice:
        """Where the block lies within the window's frames."""
        return slice(self.lead, self.lead + self.stop - self.start)


Products = dict[str, Any]
"""Product name -> tensors of the block alone (no handles), as described at `Window`; and, by the names in
`Stage.carries`, the state after the block's last frame."""

Process = Callable[[Window], Products]


class Stage(ABC, Generic[S]):
    """One step of the restoration, with its settings, for clips of one format.

    What it makes of frame t may depend only on frames [t - handle, t + handle] of the shot, on the products
    of `reads_whole`, and on the state that it carried on from frame t - 1, which in its turn may depend on
    that of t - 2 and the frames about t - 1. So the bytes do not depend on where blocks begin, nor on where a
    stopped run was taken up again.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    """Raised whenever the same input gives other bytes: part of the key."""
    reads: ClassVar[tuple[str, ...]]
    may_read: ClassVar[tuple[str, ...]] = ()
    """What a person may supply besides, or an earlier stage make; in the window only where there is some for
    the shot."""
    makes: ClassVar[tuple[str, ...]]
    may_make: ClassVar[tuple[str, ...]] = ()
    """What it makes besides where its settings ask for it; see `made`."""
    reads_whole: ClassVar[tuple[str, ...]] = ()
    """Of what it reads: small products made by an earlier stage, that it gets for the whole shot at once."""
    takes_grain: ClassVar[bool] = False
    """Whether it may take grain out of the frames. What the first such stage reads as `frames`, later ones
    can read as `grainy`."""
    settings_type: ClassVar[type[StageSettings]] = StageSettings

    carries: ClassVar[tuple[str, ...]] = ()
    """Names of the tensors that it carries from frame to frame through the shot: it finds them in
    `Window.carried` and returns them with the products. They are kept as they are, whatever their dtype."""

    def __init__(self, settings: S, clip: ClipFormat) -> None:
        self.settings = settings
        self.clip = clip

    @property
    def handle(self) -> int:
        """Frames needed on either side of a frame."""
        return 0

    @property
    def made(self) -> tuple[str, ...]:
        """What it makes with its settings: `makes`, and of `may_make` what they ask for."""
        return self.makes

    @property
    def asks(self) -> Mapping[str, Mapping[str, Any]]:
        """What settings it asks of earlier stages of the plan, by stage: what they make for it alone."""
        return {}

    @property
    def models(self) -> tuple[str, ...]:
        """Names, or paths, of all weights that the stage will load."""
        return ()

    @property
    def weights(self) -> tuple[str, ...]:
        """SHA-256 of every weights file that the stage will load: part of the key."""
        return tuple(sha256_of(model) for model in self.models)

    @abstractmethod
    def open(self, device: torch.device) -> Process:
        """Load what the stage needs (once per task), and return the function that takes each window."""
