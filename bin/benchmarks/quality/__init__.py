"""How well the chain restores clips with known damage, beside what others use today."""

from reelfix.bin.benchmarks.quality.command import command

__all__ = ["command"]
