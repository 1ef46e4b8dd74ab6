"""The demo's scenes, in their order.

Each holds what makes restoration hard: layers that move at different speeds and hide each other, thin poles
and bars that look like scratches, and small moving things (birds, balls) that look like dirt. A scene is made
for a height and width, with a generator of its own; places and speeds are in units of 1/360 of the height.
"""

from reelfix.pipeline.demo.train import train
from reelfix.pipeline.demo.village import village
from reelfix.pipeline.demo.workshop import workshop

SCENES = (village, train, workshop)
