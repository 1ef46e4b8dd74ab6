"""The nets there are: how each is told from its tensors, and built for them.

How to add a net:

1. Write its `nn.Module` in `restoration/`, one a file: any size, any device, shapes in its docstring.
2. Write a function here that builds it for a `Header`, its sizes read off the tensors' shapes; import the net
   inside it, so that nothing heavy is loaded to plan or to list.
3. Add an `Architecture` to `ARCHITECTURES`. `keys` are tensors that it has and no other one.
4. Train it, and make weights and card: `reelfix models card RUN_FOLDER --name NAME -o restoration/weights`.
   Say in the card what no program knows: the data and its terms, the licence, the limits.
5. `reelfix models check` holds the files against their cards, and names what a card leaves out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from reelfix.restoration.models.errors import ModelError

if TYPE_CHECKING:
    from torch import nn

    from reelfix.restoration.models.header import Header

Need = Literal["mask", "motion"]
Precision = Literal["float32", "bfloat16", "float16"]


@dataclass(frozen=True)
class Architecture:
    """A kind of net, whatever its sizes and weights."""

    name: str
    summary: str
    keys: tuple[str, ...]
    """Tensors that tell it from all others."""
    build: Callable[[Header], nn.Module]
    """Makes the net, its weights yet to be loaded, for tensors of these shapes."""
    channels: Callable[[Header], int]
    """Channels of the pictures that it takes: 1 or 3."""
    frames: int
    """Frames that it sees at once."""
    multiple: int
    """Sizes are padded to multiples of this."""
    needs: tuple[Need, ...]
    """Products besides frames."""
    precisions: tuple[Precision, ...]
    prefix: str = ""
    """What every tensor's name may begin with in a file, and does not in the net."""

    def fits(self, header: Header) -> bool:
        """Whether tensors are of this kind of net."""
        return all(key in header.without(self.prefix).shapes for key in self.keys)


def architecture_of(header: Header, where: str) -> Architecture:
    """Tell what kind of net tensors are of; raises ModelError for none of ours. `where`: for the message."""
    for architecture in ARCHITECTURES:
        if architecture.fits(header):
            return architecture
    known = ", ".join(architecture.name for architecture in ARCHITECTURES)
    raise ModelError(f"{where} holds weights of none of these nets: {known}. Name another file.")


def is_ours(header: Header) -> bool:
    """Whether tensors are of one of these nets."""
    return any(architecture.fits(header) for architecture in ARCHITECTURES)


def _compact(header: Header) -> nn.Module:
    from reelfix.restoration.triplet.compact import CompactNets, CompactShape

    shapes = header.shapes
    return CompactNets(
        CompactShape(
            latent=shapes["encoder.stem.weight"][0],
            encoder_blocks=header.count("encoder.body."),
            decoder_blocks=header.count("decoder.body."),
            width=shapes["mapping.stem.weight"][0],
            blocks=header.count("mapping.before.") + header.count("mapping.after."),
            coarse=shapes["mapping.to_eighth.weight"][0],
            coarse_blocks=header.count("mapping.eighth."),
        )
    )


def _paper(header: Header) -> nn.Module:
    from reelfix.restoration.triplet.paper import PaperNets, PaperShape
    from reelfix.restoration.triplet.paper_mapping import MappingShape
    from reelfix.restoration.triplet.paper_vae import VaeShape

    shapes = header.shapes
    widened = range(header.count("mapping.widen."))
    return PaperNets(
        PaperShape(
            VaeShape(
                channels=_paper_channels(header),
                latent=shapes["encoder.stem.weight"][0],
                blocks=header.count("generator.body."),
                learned_variance="encoder.log_variance.weight" in shapes,
            ),
            MappingShape(
                widths=(
                    shapes["mapping.widen.0.weight"][1],
                    *(shapes[f"mapping.widen.{index}.weight"][0] for index in widened),
                ),
                fusion_blocks=header.count("mapping.fusion."),
                blocks=header.count("mapping.body."),
                attention="mapping.attention.theta.weight" in shapes,
            ),
        )
    )


def _paper_channels(header: Header) -> int:
    return header.shapes["encoder.stem.weight"][1]


def _detector(header: Header) -> nn.Module:
    from reelfix.restoration.detector_net import DetectorNet

    shapes = header.shapes
    levels = range(header.count("encoder."))
    return DetectorNet(
        shapes["stem.weight"][1],
        widths=[shapes[f"encoder.{level}.0.first.weight"][0] for level in levels],
        depths=[header.count(f"encoder.{level}.") for level in levels],
        strips=header.count("strips.layers."),
    )


def _eccv16(header: Header) -> nn.Module:
    from reelfix.restoration.colour.eccv16 import Eccv16

    return Eccv16(header.shapes["trunk.0.convs.0.weight"][0], bins=header.shapes["bins"][0])


def _siggraph17(header: Header) -> nn.Module:
    from reelfix.restoration.colour.siggraph17 import Siggraph17, SiggraphShape

    shapes = header.shapes
    return Siggraph17(
        SiggraphShape(
            width=shapes["trunk.0.convs.0.weight"][0],
            classes=shapes["classes.weight"][0],
            statistics="statistics.histogram.weight" in shapes,
        )
    )


def _colour_compact(header: Header) -> nn.Module:
    from reelfix.restoration.colour.compact import ColourCompact, ColourShape

    shapes = header.shapes
    depths = tuple(
        header.count(f"encoder.stages.{stage}.") for stage in range(header.count("encoder.stages."))
    )
    levels = range(header.count("lateral."))
    return ColourCompact(
        ColourShape(
            stem=shapes["encoder.stem.weight"][0],
            widths=tuple(shapes[f"encoder.stages.{i}.0.project.weight"][0] for i in range(len(depths))),
            depths=depths,
            decoder=tuple(shapes[f"lateral.{level}.weight"][0] for level in levels),
            attention=shapes["attention.0.query.weight"][0],
        )
    )


def _colours(
    name: str, summary: str, keys: tuple[str, ...], build: Callable[[Header], nn.Module], multiple: int
) -> Architecture:
    """A net that gives colours to the luma of single frames."""
    return Architecture(
        name=name,
        summary=summary,
        keys=keys,
        build=build,
        channels=lambda header: 1,
        frames=1,
        multiple=multiple,
        needs=(),
        precisions=("float32", "bfloat16"),
        prefix="net.",
    )


ARCHITECTURES = (
    Architecture(
        name="triplet-compact",
        summary="triplet of autoencoders and the mapping between them, for film, gray, with track bars",
        keys=("mapping.directions.weight", "encoder.stem.weight", "decoder.at_half.weight"),
        build=_compact,
        channels=lambda header: 1,
        frames=5,
        multiple=16,
        needs=("mask", "motion"),
        precisions=("float32", "bfloat16", "float16"),
    ),
    Architecture(
        name="triplet-paper",
        summary='the nets of "Bringing Old Photos Back to Life" (Wan et al., CVPR 2020), for stills',
        keys=("mapping.widen.0.weight", "generator.to_whole.weight", "encoder.stem.weight"),
        build=_paper,
        channels=_paper_channels,
        frames=1,
        multiple=4,
        needs=("mask",),
        precisions=("float32", "bfloat16"),
    ),
    Architecture(
        name="detector",
        summary="U-Net that marks dirt and running scratches, on a frame and those around it",
        keys=("strips.layers.0.weight", "stem.weight", "head.weight"),
        build=_detector,
        channels=lambda header: 1,
        frames=17,
        multiple=32,
        needs=("motion",),
        precisions=("float32", "bfloat16"),
        prefix="net.",
    ),
    _colours(
        name="colour-eccv16",
        summary='the automatic net of "Colorful Image Colorization" (Zhang et al., ECCV 2016)',
        keys=("trunk.6.convs.2.weight", "refine.1.weight", "bins"),
        build=_eccv16,
        multiple=8,
    ),
    _colours(
        name="colour-siggraph17",
        summary='the net with hints of "Real-Time User-Guided Image Colorization" (Zhang et al., 2017)',
        keys=("trunk.6.convs.2.weight", "shortcuts.2.weight", "classes.weight"),
        build=_siggraph17,
        multiple=8,
    ),
    _colours(
        name="colour-compact",
        summary="colours for luma as a distribution over a and b, with hints; encoder pretrained on ImageNet",
        keys=("encoder.stages.0.0.project.weight", "lateral.0.weight", "head.weight"),
        build=_colour_compact,
        multiple=32,
    ),
)
"""Every kind of net whose weights can be loaded."""
