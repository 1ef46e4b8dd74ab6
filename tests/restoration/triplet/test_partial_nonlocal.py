"""Partial nonlocal attention: equal to the published formula, bounded in memory, safe at its edges."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from reelfix.restoration.triplet.partial_nonlocal import PartialNonlocal, damaged_cells, partial_nonlocal


def _features(*shape: int, seed: int = 0, channels: int = 8) -> torch.Tensor:
    return torch.randn(shape[0], channels, *shape[1:], generator=torch.Generator().manual_seed(seed))


def _damage(batch: int, height: int, width: int, share: float = 0.2) -> torch.Tensor:
    return torch.rand(batch, 1, height, width, generator=torch.Generator().manual_seed(9)) < share


def published(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, damaged: torch.Tensor
) -> torch.Tensor:
    """The authors' order of things: softmax over all places, damaged ones struck out, rows made 1 again."""
    table = torch.einsum("bdi,bdj->bij", query.flatten(2), key.flatten(2)).softmax(dim=2)
    table = F.normalize(table * (~damaged).float().flatten(1)[:, None], p=1, dim=2)
    return torch.einsum("bij,bcj->bci", table, value.flatten(2)).view_as(value)


class Largest(TorchDispatchMode):
    """Notes the size in bytes of the largest tensor that any operation returns."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        sizes = [
            leaf.numel() * leaf.element_size() for leaf in tree_leaves(out) if isinstance(leaf, torch.Tensor)
        ]
        self.bytes = max(self.bytes, *sizes, 0)
        return out


def test_equals_the_published_formula_everywhere_and_at_damage_alone() -> None:
    query, key, value = (_features(2, 9, 7, seed=seed) for seed in range(3))
    damaged = _damage(2, 9, 7)
    truth = published(query, key, value, damaged)
    assert torch.allclose(partial_nonlocal(query, key, value, damaged, everywhere=True), truth, atol=1e-5)
    assert torch.allclose(partial_nonlocal(query, key, value, damaged), truth * damaged, atol=1e-5)


def test_chunks_change_nothing() -> None:
    query, key, value = (_features(1, 12, 10, seed=seed) for seed in range(3))
    damaged = _damage(1, 12, 10, share=0.5)
    whole = partial_nonlocal(query, key, value, damaged)
    assert torch.allclose(partial_nonlocal(query, key, value, damaged, memory_bytes=1), whole, atol=1e-6)


def test_sound_places_and_damaged_values_have_no_say() -> None:
    query, key, value = (_features(1, 8, 8, seed=seed) for seed in range(3))
    damaged = _damage(1, 8, 8)
    before = partial_nonlocal(query, key, value, damaged)
    after = partial_nonlocal(query, key, value + 100.0 * damaged, damaged)
    assert torch.equal(before, after)
    assert not before[(~damaged).expand_as(before)].any()


@pytest.mark.parametrize("everywhere", [False, True])
def test_nothing_sound_gives_zeros_and_gradients_of_zero(everywhere: bool) -> None:
    features = _features(1, 4, 4).requires_grad_()
    out = partial_nonlocal(features, features, features, torch.ones(1, 1, 4, 4), everywhere=everywhere)
    out.sum().backward()
    assert not out.any()
    assert features.grad is not None
    assert not features.grad.any()


def test_nothing_damaged_gives_zeros() -> None:
    features = _features(1, 4, 4)
    assert not partial_nonlocal(features, features, features, torch.zeros(1, 1, 4, 4)).any()


def test_one_picture_of_the_batch_without_sound_places_leaves_the_other_alone() -> None:
    features = _features(2, 5, 6)
    damaged = _damage(2, 5, 6)
    damaged[0] = True
    both = partial_nonlocal(features, features, features, damaged)
    alone = partial_nonlocal(features[1:], features[1:], features[1:], damaged[1:])
    assert not both[0].any()
    assert torch.equal(both[1], alone[0])


def test_gradients_are_those_of_the_published_formula() -> None:
    inputs = [_features(1, 6, 6, seed=seed, channels=4).double().requires_grad_() for seed in range(3)]
    damaged = _damage(1, 6, 6)
    ours = torch.autograd.grad(partial_nonlocal(*inputs, damaged, memory_bytes=2000).square().sum(), inputs)
    theirs = torch.autograd.grad((published(*inputs, damaged) * damaged).square().sum(), inputs)
    for mine, wanted in zip(ours, theirs, strict=True):
        assert torch.allclose(mine, wanted, atol=1e-9)


def test_averaged_keys_are_exact_where_squares_are_even_and_near_it_where_smooth() -> None:
    coarse = [_features(1, 6, 6, seed=seed) for seed in range(3)]
    damaged = _damage(1, 24, 24)
    even = [F.interpolate(tensor, scale_factor=4) for tensor in coarse]
    exact = partial_nonlocal(*even, damaged)
    assert torch.allclose(partial_nonlocal(*even, damaged, max_keys=36), exact, atol=1e-5)
    smooth = [F.interpolate(tensor, scale_factor=8, mode="bicubic") for tensor in coarse]
    damaged = _damage(1, 48, 48)
    exact = partial_nonlocal(*smooth, damaged)
    error = (partial_nonlocal(*smooth, damaged, max_keys=576) - exact).square().mean().sqrt()
    assert error < 0.1 * exact.square().mean().sqrt()


def test_no_tensor_exceeds_the_bound_even_with_the_plainest_kernel() -> None:
    size, channels, bound = 40, 4, 2**17
    features = _features(1, size, size, channels=channels)
    damaged = _damage(1, size, size)
    laid_out = 4 * int(damaged.sum()) * int((~damaged).sum())
    with sdpa_kernel(SDPBackend.MATH), Largest() as largest:
        partial_nonlocal(features, features, features, damaged, memory_bytes=bound)
    assert laid_out > 10 * bound
    assert largest.bytes <= bound


def test_module_fills_a_hole_with_the_texture_around_it() -> None:
    net = PartialNonlocal(2, 2, scale=50.0)
    for name, parameter in net.named_parameters():
        torch.nn.init.zeros_(parameter)
        if name.endswith("weight"):
            parameter.data[:, :, 0, 0] = torch.eye(2)
    stripes = torch.zeros(1, 2, 8, 8)
    stripes[:, 0, :, ::2], stripes[:, 1, :, 1::2] = 1.0, 1.0
    damaged = torch.zeros(1, 1, 8, 8, dtype=torch.bool)
    damaged[:, :, 3:5, 3:5] = True
    dim = torch.where(damaged, 0.5 * stripes, stripes)
    out = net(dim, damaged)
    assert torch.allclose(out, stripes * damaged, atol=1e-4)


def test_damaged_cells_lose_no_thin_line() -> None:
    mask = torch.zeros(1, 1, 16, 16)
    mask[..., 5] = 0.2
    cells = damaged_cells(mask, 4, 4)
    assert cells[0, 0].tolist() == [[False, True, False, False]] * 4


def test_wrong_shapes_are_named() -> None:
    features = _features(1, 4, 4)
    with pytest.raises(ValueError, match=r"damaged.shape.*\(1, 1, 4, 4\)"):
        partial_nonlocal(features, features, features, torch.zeros(1, 4, 4))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_bytes_do_not_depend_on_the_number_of_threads(dtype: torch.dtype) -> None:
    features, damaged = _features(1, 24, 30).to(dtype), _damage(1, 24, 30)
    before = torch.get_num_threads()
    found = []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            found.append(partial_nonlocal(features, features, features, damaged))
    finally:
        torch.set_num_threads(before)
    assert torch.equal(*found)
