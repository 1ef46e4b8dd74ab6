"""What can be measured of a picture, a clip, or a set of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from reelfix.pipeline.errors import UsageError

Needs = Literal["truth", "nothing", "clip", "set"]
"""The true picture; nothing; the true clip, frame after frame; many pictures and as many true ones."""


@dataclass(frozen=True)
class Measure:
    """One column of a table."""

    heading: str
    is_higher_better: bool | None
    """None: the truth's own is best."""
    digits: int
    needs: Needs
    definition: str


def _better(heading: str, digits: int, needs: Needs, definition: str) -> Measure:
    return Measure(heading, True, digits, needs, definition)


def _worse(heading: str, digits: int, needs: Needs, definition: str) -> Measure:
    return Measure(heading, False, digits, needs, definition)


def _like(heading: str, digits: int, needs: Needs, definition: str) -> Measure:
    return Measure(heading, None, digits, needs, definition)


MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        "psnr": _better("PSNR dB", 2, "truth", "of all pixels, frames and channels together; peak 1"),
        "inside": _better("inside", 2, "truth", "PSNR of the pixels under visible marks"),
        "outside": _better("outside", 2, "truth", "PSNR of all other pixels"),
        "ssim": _better("SSIM", 4, "truth", "Wang et al. 2004, luma, Gaussian windows of deviation 1.5"),
        "gmsd": _worse("GMSD", 4, "truth", "Xue et al. 2014, luma: deviation of gradients' similarity"),
        "lpips": _worse("LPIPS", 4, "truth", "Zhang et al. 2018, AlexNet, version 0.1"),
        "dists": _worse("DISTS", 4, "truth", "Ding et al. 2020, VGG16"),
        "niqe": _worse("NIQE", 2, "nothing", "Mittal et al. 2013, luma; the pristine model is the one named"),
        "warping": _worse(
            "warping e-4",
            2,
            "clip",
            "Lai et al. 2018, along the true clip's unoccluded flow, times 10,000; the truth's taken off",
        ),
        "flicker": _worse("flicker %", 2, "clip", "unsteadiness of mean log luma beyond the truth's"),
        "flicker_local": _worse("local %", 2, "clip", "the same of 6 x 8 parts of the picture"),
        "unsteady": _worse("unsteady %", 2, "nothing", "unsteadiness of mean log luma, of the clip itself"),
        "psnr_lab": _better("PSNR Lab dB", 2, "truth", "of L / 100, a / 255 and b / 255 together; peak 1"),
        "ab": _worse("ab error", 2, "truth", "mean Euclidean distance of a and b"),
        "ab_balanced": _worse(
            "ab balanced", 2, "truth", "mean over the truth's colours, cells of 10 x 10, of the error in each"
        ),
        "ab_edges": _worse("ab at edges", 2, "truth", "error within 3 pixels of strong edges of luma"),
        "ab_near": _better("within 20 %", 1, "truth", "pixels whose a and b are at most 20 away"),
        "ab_auc": _better("AUC %", 2, "truth", "Zhang et al. 2016: such shares, mean over 0 to 150"),
        "colorful": _like("colorful", 1, "nothing", "Hasler and Suesstrunk 2003; the truth's is best"),
        "colorful_off": _worse("off by", 1, "truth", "how far the colorfulness is from the truth's"),
        "cdc": _like(
            "CDC e-3", 2, "nothing", "Liu et al. 2021, colours that wander, times 1,000; the truth's is best"
        ),
        "chroma_warping": _worse(
            "warping of ab",
            2,
            "clip",
            "Lai et al. 2018 of a and b, along the true clip's unoccluded flow: root of the mean square",
        ),
        "chroma_unsteady": _worse(
            "its share %", 1, "clip", "the same as a share of the root mean square of a and b themselves"
        ),
        "fid": _worse("FID", 2, "set", "Heusel et al. 2017, of the features named; biased by small sets"),
        "kid": _worse("KID e-3", 2, "set", "Binkowski et al. 2018, pairs left out, times 1,000"),
        "precision": _better("precision", 3, "set", "Sajjadi et al. 2018, F_1/8 of 20 clusters"),
        "recall": _better("recall", 3, "set", "Sajjadi et al. 2018, F_8 of 20 clusters"),
    }
)
OF_SETS = ("fid", "kid", "precision", "recall")


def choose_measures(text: str | None, default: Iterable[str]) -> tuple[str, ...]:
    """Read names separated by commas, or `all`; raises UsageError for one there is not."""
    names = [name.strip() for name in text.split(",")] if text else list(default)
    wanted = set(MEASURES) if "all" in names else set(names)
    for name in names:
        if name != "all" and name not in MEASURES:
            raise UsageError(f"there is no measure {name!r}. There are: {', '.join([*MEASURES, 'all'])}.")
    return tuple(name for name in MEASURES if name in wanted)
