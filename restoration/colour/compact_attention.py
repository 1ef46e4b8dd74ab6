"""Self-attention over a coarse grid, for colours that the whole picture decides.

Zhang et al., "Self-Attention Generative Adversarial Networks" (ICML 2019), equations 1 to 3, its
convolutions with spectral normalization (Miyato et al., ICLR 2018).
"""

import torch
from torch import nn
from torch.nn import functional

from reelfix.restoration.one_thread import one_thread


class SpectralConv(nn.Module):
    """A 1 x 1 convolution whose largest singular value is held at 1, by power iteration while it learns."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty((outputs, inputs)))
        nn.init.xavier_uniform_(self.weight)
        self.direction: torch.Tensor
        self.register_buffer("direction", functional.normalize(torch.randn(inputs), dim=0))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map features (B, inputs, N) to (B, outputs, N), float32."""
        weight = self.weight.float()
        with torch.no_grad():
            right = self.direction.float()
            left = functional.normalize(weight @ right, dim=0)
            if self.training:
                self.direction.copy_(functional.normalize(weight.T @ left, dim=0))
        largest = left @ weight @ right
        return torch.matmul(weight / largest, x)


class SelfAttention(nn.Module):
    """Every place takes from all others what is like it: x + gamma attention(x), gamma beginning at 0.

    Its table has one entry for each two places: of the grid that `ColourCompact` works on, at most 4 MB.
    """

    def __init__(self, channels: int, inner: int) -> None:
        super().__init__()
        self.query = SpectralConv(channels, inner)
        self.key = SpectralConv(channels, inner)
        self.value = SpectralConv(channels, channels // 2)
        self.out = SpectralConv(channels // 2, channels)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (B, C, h, w) to the same shape."""
        with torch.autocast(x.device.type, enabled=False), one_thread():
            places = x.flatten(2).float()  # BxCx(h w)
            alike = self.query(places).transpose(1, 2) @ self.key(places)  # Bx(h w)x(h w)
            taken = self.value(places) @ alike.softmax(dim=2).transpose(1, 2)
            out: torch.Tensor = self.gamma.float() * self.out(taken)
        return x + out.view(x.shape).to(x.dtype)
