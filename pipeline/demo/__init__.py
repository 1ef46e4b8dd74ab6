"""The demonstration: a film drawn and damaged on the spot, and what the pipeline makes of it."""

from reelfix.pipeline.demo.demonstration import DemoReport, run_demo

__all__ = ["DemoReport", "run_demo"]
