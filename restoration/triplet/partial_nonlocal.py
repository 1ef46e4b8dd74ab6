"""Partial nonlocal attention: damaged places take what they lack from sound ones, in bounded memory."""

import math

import torch
import torch.nn.functional as F
from torch import nn

MAX_KEYS = 32768
"""Sound places a damaged one looks at, at most; where a picture has more, they are averaged in squares."""

MEMORY_BYTES = 256 * 2**20
"""What the table of similarities may take, were it laid out whole: queries go by in chunks of this."""

_TABLES = 3  # similarities, their softmax, and one copy: what the plainest of torch's kernels holds at once


def partial_nonlocal(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    damaged: torch.Tensor,
    *,
    scale: float = 1.0,
    everywhere: bool = False,
    max_keys: int | None = MAX_KEYS,
    memory_bytes: int = MEMORY_BYTES,
) -> torch.Tensor:
    """Return, at every damaged place, the mean of the sound places' values by similarity; 0 at sound places.

    Implements equations (6) and (7) of Wan et al., "Bringing Old Photos Back to Life", CVPR 2020, without
    their outer convolutions: out_i = sum_j s_ij value_j, with s_ij = (1 - m_j) exp(scale q_i . k_j) / sum_k
    (1 - m_k) exp(scale q_i . k_k). One picture of a batch never looks at another.

    `query`, `key`: (B, D, h, w); `value`: (B, C, h, w); `damaged`: (B, 1, h, w) of bool, or of numbers, of
    which those above 0 mean damage. All on one device. The result is (B, C, h, w), of the value's dtype.
    A picture without sound places gets zeros. With `everywhere`, sound places are queries too.

    The sum is exact up to `max_keys` sound places (None: always). Beyond, keys and values of the sound places
    are averaged over s x s squares, with the smallest s that leaves no more keys than that, and a square
    weighs as many times as it has sound places.

    Beside its arguments, its result, and the gathered queries, keys and values, none larger than an argument,
    no tensor that it makes exceeds `memory_bytes`, or one query's row of similarities. That holds for the
    backward pass too with torch's fused kernels (any CPU; CUDA), which keep no table of similarities.
    """
    _check(query, key, value, damaged)
    pictures = zip(query, key, value, damaged > 0, strict=True)
    return torch.stack([_attend(*picture, scale, everywhere, max_keys, memory_bytes) for picture in pictures])


class PartialNonlocal(nn.Module):
    """Partial nonlocal attention with its 1 x 1 convolutions: theta, phi, g before it, and W after.

    Takes features (B, C, h, w) and `damaged` (B, 1, h, w), returns (B, C, h, w): what the sound places say of
    the damaged ones; where a place is no query, the bias of W alone. `inner` is the number of channels that
    are compared.
    """

    def __init__(
        self,
        channels: int,
        inner: int,
        *,
        scale: float = 1.0,
        everywhere: bool = False,
        max_keys: int | None = MAX_KEYS,
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        """Make the four convolutions; the rest is as in `partial_nonlocal`."""
        super().__init__()
        self.theta = nn.Conv2d(channels, inner, 1)
        self.phi = nn.Conv2d(channels, inner, 1)
        self.g = nn.Conv2d(channels, inner, 1)
        self.W = nn.Conv2d(inner, channels, 1)
        self.scale = scale
        self.everywhere = everywhere
        self.max_keys = max_keys
        self.memory_bytes = memory_bytes

    def forward(self, features: torch.Tensor, damaged: torch.Tensor) -> torch.Tensor:
        """Return (B, C, h, w) of features (B, C, h, w) and damaged (B, 1, h, w)."""
        gathered = partial_nonlocal(
            self.theta(features),
            self.phi(features),
            self.g(features),
            damaged,
            scale=self.scale,
            everywhere=self.everywhere,
            max_keys=self.max_keys,
            memory_bytes=self.memory_bytes,
        )
        out: torch.Tensor = self.W(gathered)
        return out


def damaged_cells(mask: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Return bool (B, 1, height, width): cells of a coarser grid that hold any damage of `mask`.

    `mask`: (B, 1, H, W), damage where above 0; a picture's cell is H / height by W / width pixels, rounded
    outwards. Not even a line of one pixel is lost, as it may be where a mask is scaled down bilinearly.
    """
    pooled = F.adaptive_max_pool2d(mask.to(torch.float32), (height, width))
    return pooled > 0


def _attend(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    damaged: torch.Tensor,
    scale: float,
    everywhere: bool,
    max_keys: int | None,
    memory_bytes: int,
) -> torch.Tensor:
    """One picture's: query, key (D, h, w), value (C, h, w), damaged bool (1, h, w) to (C, h, w)."""
    channels, height, width = value.shape
    holes = damaged.flatten()
    asked = torch.ones_like(holes) if everywhere else holes
    places = asked.nonzero().squeeze(1)
    sound = int((~holes).sum())
    if sound == 0 or len(places) == 0:
        # Not a constant: the result stays part of the graph, with gradients of zero.
        return value * 0.0
    if max_keys is None or sound <= max_keys:
        seen = (~holes).nonzero().squeeze(1)
        keys, values = key.flatten(1)[:, seen].T, value.flatten(1)[:, seen].T
        weights = None
    else:
        keys, values, weights = _averaged(key, value, ~damaged, max_keys)
    queries = query.flatten(1)[:, places].T  # (Q, D)
    row = len(keys) * _TABLES * max(4, queries.element_size())
    chunk = max(1, memory_bytes // row)
    filled = torch.cat(
        [_softmax_mean(part, keys, values, weights, scale) for part in torch.split(queries, chunk)]
    )  # (Q, C)
    out = torch.zeros(channels, height * width, dtype=filled.dtype, device=filled.device)
    return out.index_copy(1, places, filled.T).view(channels, height, width).to(value.dtype)


def _softmax_mean(
    queries: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    weights: torch.Tensor | None,
    scale: float,
) -> torch.Tensor:
    """Values (K, C), averaged for queries (Q, D) by softmax of scale times keys (K, D); returns (Q, C)."""
    bias = None if weights is None else weights.to(queries.dtype).expand(len(queries), -1)[None, None]
    out = F.scaled_dot_product_attention(
        queries[None, None], keys[None, None], values[None, None], attn_mask=bias, scale=scale
    )
    return out[0, 0]


def _averaged(
    key: torch.Tensor, value: torch.Tensor, sound: torch.Tensor, max_keys: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Sound places' keys (K, D), values (K, C), averaged over squares, and the log of their counts (K,)."""
    side = max(2, math.isqrt((int(sound.sum()) - 1) // max_keys) + 1)
    while True:
        # (1, 1, h/s, w/s): how much of each square is sound.
        share = _pooled(sound.to(torch.float32), side)
        seen = share.flatten().nonzero().squeeze(1)
        if len(seen) <= max_keys:
            break
        side += 1
    shares = share.flatten()[seen]
    keys, values = (
        (_pooled(tensor * sound, side).flatten(2)[0][:, seen] / shares).T.to(tensor.dtype)
        for tensor in (key, value)
    )
    return keys, values, (shares * side**2).log()


def _pooled(tensor: torch.Tensor, side: int) -> torch.Tensor:
    """(C, h, w) to (1, C, ceil(h / side), ceil(w / side)), averaged; what lies beyond the rim counts as 0."""
    height, width = tensor.shape[1:]
    padded = F.pad(tensor[None].float(), (0, -width % side, 0, -height % side))
    return F.avg_pool2d(padded, side)


def _check(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, damaged: torch.Tensor) -> None:
    """Refuse shapes that do not belong together."""
    batch, _, height, width = query.shape
    if key.shape != query.shape:
        raise ValueError(f"{tuple(key.shape) = } must equal {tuple(query.shape) = }.")
    if (value.shape[0], *value.shape[2:]) != (batch, height, width):
        raise ValueError(f"{tuple(value.shape) = } must be ({batch}, C, {height}, {width}).")
    if damaged.shape != (batch, 1, height, width):
        raise ValueError(f"{tuple(damaged.shape) = } must be ({batch}, 1, {height}, {width}).")
