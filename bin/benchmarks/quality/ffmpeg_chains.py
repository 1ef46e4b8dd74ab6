"""ffmpeg's filters, as archives chain them, over raw video pipes."""

import subprocess
from collections.abc import Mapping
from types import MappingProxyType

import imageio_ffmpeg
import numpy as np
import torch

DEFLICKER = "deflicker=size=11:mode=am"
EVEN_LIGHT = f"{DEFLICKER},tmidequalizer=radius=15"

_PAD = "tpad=start=2:stop=2:start_mode=clone:stop_mode=clone"
"""tmedian drops as many frames as its radius at either end: the end frames are repeated for it to drop."""

FFMPEG_CHAINS: Mapping[str, str] = MappingProxyType(
    {
        # The strongest that 70 trials found.
        "ffmpeg best": f"{EVEN_LIGHT},atadenoise=0a=0.1:0b=0.2:s=9,fftdnoiz=sigma=6:prev=1:next=1,"
        "unsharp=5:5:0.6",
        "ffmpeg tmedian": f"{DEFLICKER},{_PAD},tmedian=radius=2",
        "ffmpeg atadenoise": f"{DEFLICKER},atadenoise=0a=0.1:0b=0.2:s=9",
        "ffmpeg removegrain": f"{DEFLICKER},removegrain=m0=2",
        "ffmpeg nlmeans": f"{DEFLICKER},nlmeans=s=2.5:p=5:r=9",
    }
)


def filtered(frames: torch.Tensor, chain: str) -> torch.Tensor:
    """Filter a gray clip, float32 (T, 1, H, W) in [0, 1], H and W even, at 8 bits; return as many frames.

    Raises RuntimeError with ffmpeg's words where it fails, or gives another number of frames.
    """
    count, _, height, width = frames.shape
    luma = (frames[:, 0] * 255).round().to(torch.uint8).numpy().reshape(count, -1)
    # As the luma of 4:2:0 with neutral chroma: every filter takes it, and nothing rescales its range.
    chroma = np.full((count, height * width // 2), 128, np.uint8)
    raw = np.concatenate([luma, chroma], axis=1).tobytes()
    video = ["-f", "rawvideo", "-pix_fmt", "yuv420p"]
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        *("-v", "error", "-threads", "1", "-filter_threads", "1"),
        *(*video, "-s", f"{width}x{height}", "-r", "24", "-i", "-"),
        *("-vf", chain, *video, "-"),
    ]
    result = subprocess.run(command, input=raw, capture_output=True, check=False)
    got = np.frombuffer(result.stdout, np.uint8)
    if result.returncode or got.size != len(raw):
        raise RuntimeError(f"ffmpeg failed at {chain}: {result.stderr.decode()[-300:]}")
    planes = got.reshape(count, -1)[:, : height * width].reshape(count, 1, height, width)
    return torch.from_numpy(planes.astype(np.float32) / 255)
