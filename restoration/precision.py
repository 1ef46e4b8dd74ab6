"""Which arithmetic a device is made for."""

import torch


def has_bfloat16(device: torch.device) -> bool:
    """Return whether a device has instructions for bfloat16, so that it is fast there and not emulated."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu._is_avx512_bf16_supported())
