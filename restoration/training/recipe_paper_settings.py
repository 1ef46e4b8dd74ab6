"""What the published recipes are asked for; the defaults are the published ones."""

from collections.abc import Iterable

import torch
from pydantic import Field
from torch import nn

from reelfix.restoration.training.discriminators import MultiScaleDiscriminator
from reelfix.restoration.training.settings import Settings
from reelfix.restoration.triplet.paper_mapping import MappingShape
from reelfix.restoration.triplet.paper_vae import VaeShape


class AdamSettings(Settings):
    """The optimizers, all alike."""

    rate: float = Field(default=2e-4, gt=0.0)
    beta1: float = Field(default=0.5, ge=0.0, lt=1.0)
    beta2: float = Field(default=0.999, ge=0.0, lt=1.0)

    def over(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """Return an optimizer of these parameters."""
        return torch.optim.Adam(parameters, self.rate, (self.beta1, self.beta2))


class CriticSettings(Settings):
    """A discriminator."""

    scales: int = Field(default=2, ge=1)
    width: int = Field(default=64, ge=1)
    strided: int = Field(default=3, ge=1)
    spectral: bool = False

    def over(self, channels: int) -> MultiScaleDiscriminator:
        """Return a discriminator of pictures, or latents, with so many channels."""
        return MultiScaleDiscriminator(
            channels, self.scales, self.width, self.strided, spectral=self.spectral
        )


class VaeSettings(Settings):
    """Sizes of the autoencoders; see `VaeShape`."""

    channels: int = Field(default=3, ge=1, le=3)
    latent: int = Field(default=64, ge=1)
    blocks: int = Field(default=4, ge=0)
    learned_variance: bool = False

    @property
    def shape(self) -> VaeShape:
        """The same as the nets take it."""
        return VaeShape(**self.model_dump())


class MappingSettings(Settings):
    """Sizes of the mapping; see `MappingShape`."""

    widths: tuple[int, ...] = (64, 128, 256, 512)
    fusion_blocks: int = Field(default=2, ge=0)
    blocks: int = Field(default=6, ge=0)
    attention: bool = True

    @property
    def shape(self) -> MappingShape:
        """The same as the net takes it."""
        return MappingShape(**self.model_dump())


class DomainWeights(Settings):
    """What an autoencoder is asked for: equation (2) of Wan et al., CVPR 2020, and what their code adds."""

    kl: float = Field(default=1.0, ge=0.0)
    """Of the divergence from a standard normal, a latent value."""
    l1: float = Field(default=10.0, ge=0.0)
    """Of the mean absolute error: alpha in the paper. Pictures are in [-1, 1] for it, as theirs are."""
    adversarial: float = Field(default=1.0, ge=0.0)
    """Of being taken for a real picture."""
    features: float = Field(default=10.0, ge=0.0)
    """Of the discriminator's features agreeing."""
    perceptual: float = Field(default=10.0, ge=0.0)
    """Of VGG's features agreeing, where its weights are given."""
    latent: float = Field(default=1.0, ge=0.0)
    """Of latents of real pictures being taken for synthetic ones' (domain A): equation (3)."""


class MappingWeights(Settings):
    """What the mapping is asked for: equation (4) and, for the features, (5) of Wan et al., CVPR 2020."""

    l1: float = Field(default=60.0, ge=0.0)
    """Of the mean absolute distance of latents: lambda 1."""
    adversarial: float = Field(default=1.0, ge=0.0)
    """Of being taken for latents of clean pictures, beside those it came from."""
    features: float = Field(default=10.0, ge=0.0)
    """Of the discriminator's features agreeing: lambda 2."""
    perceptual: float = Field(default=10.0, ge=0.0)
    """Of VGG's features of the generated picture agreeing, where its weights are given: lambda 2."""


class PaperDomainSettings(Settings):
    """Settings of domain A's and domain B's recipes."""

    vae: VaeSettings = VaeSettings()
    adam: AdamSettings = AdamSettings()
    weights: DomainWeights = DomainWeights()
    critic: CriticSettings = CriticSettings()
    latent_critic: CriticSettings = CriticSettings(scales=1)


class PaperMappingSettings(Settings):
    """Settings of the mapping's recipe."""

    vae: VaeSettings = VaeSettings()
    mapping: MappingSettings = MappingSettings()
    adam: AdamSettings = AdamSettings()
    weights: MappingWeights = MappingWeights()
    critic: CriticSettings = CriticSettings(spectral=True)


WITHOUT_VGG = (
    "trained without the perceptual loss: no weights of VGG16 are named. Name their file with "
    "--set weights.vgg16=FILE, or in REELFIX_VGG16."
)
"""What a run without VGG16's weights says."""
