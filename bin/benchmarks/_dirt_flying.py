"""Things that fly through a picture and are no dirt: balls, confetti, rain; and limbs that swing."""

import cv2
import numpy as np
import numpy.typing as npt

Frames = npt.NDArray[np.float32]
"""A gray clip, (T, 1, H, W) in [0, 1]."""

_BITS = 3  # of fraction in places and sizes that are drawn


def flying(clip: Frames, random: np.random.Generator) -> Frames:
    """Return a copy of `clip` through which balls, confetti or rain fly."""
    thrown = clip.copy()
    (_balls, _confetti, _rain)[int(random.integers(3))](thrown, random)
    return np.clip(thrown, 0, 1)


def swinging(clip: Frames, random: np.random.Generator) -> Frames:
    """Return a copy of `clip` in which limbs swing too fast to be followed, smeared by the shutter."""
    swung = clip.copy()
    for _ in range(int(random.integers(0, 3))):
        _runner(swung, random)
    count, _, height, width = clip.shape
    for _ in range(int(random.integers(2, 7))):
        place = np.array([random.uniform(0, width), random.uniform(0, height)])
        step = random.normal(0, 8, 2)
        angle, phase, turn = random.uniform(0, 2 * np.pi), random.uniform(0, 6), random.uniform(0.5, 1.3)
        length, thickness = random.uniform(0.04, 0.16) * height, random.uniform(0.01, 0.05) * height
        tone, swing = random.uniform(0.05, 0.9), random.uniform(0.3, 1.2)
        for t in range(count):
            now = angle + swing * np.sin(phase + turn * t)
            middle = place + step * t + length * np.array([np.cos(now), np.sin(now)])
            smear = random.uniform(0.8, 1.3)
            axes = (length * smear, thickness * smear)
            _draw(
                swung[t, 0],
                (float(middle[0]), float(middle[1])),
                axes,
                now,
                tone,
                random.uniform(0.7, 1),
                2.0,
            )
    return np.clip(swung, 0, 1)


def _runner(clip: Frames, random: np.random.Generator) -> None:
    """One who runs, in five ellipses, and four more for hands and feet."""
    count, _, height, width = clip.shape
    size, speed = random.uniform(0.15, 0.5) * height, random.normal(0, 14)
    start = np.array([random.uniform(0, width) - speed * count / 2, random.uniform(0.3, 0.8) * height])
    tone, phase, turn = random.uniform(0.05, 0.6), random.uniform(0, 6), random.uniform(0.7, 1.6)
    tips = random.uniform(0.05, 0.95, 2)
    for t in range(count):
        middle = start + np.array([speed * t, 0.02 * size * np.sin(2 * (phase + turn * t))])
        _draw(
            clip[t, 0],
            (float(middle[0]), float(middle[1])),
            (0.25 * size, 0.12 * size),
            np.pi / 2,
            tone,
            0.95,
        )
        for limb, (is_leg, side) in enumerate(((0, 0), (0, 1), (1, 0), (1, 1))):
            now = np.pi / 2 + 0.9 * np.sin(phase + turn * t + np.pi * (side + is_leg))
            way = np.array([np.cos(now), np.sin(now)])
            root = middle + np.array([0, size * (0.2 if is_leg else -0.18)])
            arm, end = root + 0.2 * size * way, root + 0.4 * size * way
            smear = 1.0 + 0.03 * size * turn * abs(np.cos(phase + turn * t))
            axes = (0.2 * size, 0.03 * size + smear)
            _draw(clip[t, 0], (float(arm[0]), float(arm[1])), axes, now, tone, 0.9, smear)
            axes = (0.035 * size + smear, 0.035 * size)
            tip = float(tips[limb // 2])
            _draw(clip[t, 0], (float(end[0]), float(end[1])), axes, now + np.pi / 2, tip, 0.85, smear)


def _balls(clip: Frames, random: np.random.Generator) -> None:
    """A few balls, 6 to 36 pixels a frame, some smeared by the shutter."""
    count, _, height, width = clip.shape
    for _ in range(int(random.integers(3, 10))):
        speed, angle, fall = random.uniform(6, 36), random.uniform(0, 2 * np.pi), random.uniform(0, 1)
        radius, smear = random.uniform(1.5, 9), random.uniform(0, 0.5)
        x, y, middle = random.uniform(0, width), random.uniform(0, height), int(random.integers(count))
        tone = random.uniform(0.75, 0.95) if random.uniform() < 0.6 else random.uniform(0.02, 0.25)
        for t in range(count):
            since = t - middle
            dx, dy = speed * np.cos(angle), speed * np.sin(angle) + fall * since
            place = (x + since * dx, y + since * (speed * np.sin(angle) + fall * since / 2))
            _draw(clip[t, 0], place, (radius + smear * speed / 2, radius), np.arctan2(dy, dx), tone, 0.95)


def _confetti(clip: Frames, random: np.random.Generator) -> None:
    """Many flakes that fall, sway and turn."""
    count, _, height, width = clip.shape
    fall = random.uniform(3, 12)
    for _ in range(int(random.integers(20, 80))):
        x, y = random.uniform(-20, width + 20), random.uniform(-0.6 * height, height)
        radius, speed = random.uniform(1.2, 4), fall * random.uniform(0.8, 1.2)
        phase, turn = random.uniform(0, 6), random.uniform(0.4, 1.4)
        tone = random.uniform(0.7, 0.95) if random.uniform() < 0.7 else random.uniform(0.1, 0.4)
        for t in range(count):
            swing = phase + turn * t
            axes = (radius, radius * (0.4 + 0.6 * abs(np.cos(swing))))
            _draw(clip[t, 0], (x + 4 * np.sin(swing), y + speed * t), axes, phase + t / 100, tone, 0.9)


def _rain(clip: Frames, random: np.random.Generator) -> None:
    """Streaks, all of one slant and speed."""
    count, _, height, width = clip.shape
    speed, slant = random.uniform(15, 45), random.uniform(-0.2, 0.2)
    length = speed * random.uniform(0.4, 0.8)
    opacity = random.uniform(0.15, 0.5)
    for _ in range(int(random.integers(15, 60))):
        x, y = random.uniform(0, width), random.uniform(-height, height)
        for t in range(count):
            place = (x + slant * speed * t, (y + speed * t) % (1.5 * height) - 0.2 * height)
            _draw(clip[t, 0], place, (length / 2, 0.7), np.pi / 2 - slant, 0.9, opacity)


def _draw(
    frame: npt.NDArray[np.float32],
    place: tuple[float, float],
    axes: tuple[float, float],
    angle: float,
    tone: float,
    opacity: float,
    softness: float = 0.6,
) -> None:
    """Draw an ellipse into a frame (H, W); `place` x, y, `axes`, `softness` in pixels, `angle` in radians."""
    margin = int(max(axes) + 3 * softness) + 2
    left, top = round(place[0]) - margin, round(place[1]) - margin
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + 2 * margin, frame.shape[1]), min(top + 2 * margin, frame.shape[0])
    if x0 >= x1 or y0 >= y1:
        return
    drawn = np.zeros((y1 - y0, x1 - x0), np.uint8)
    fine = 1 << _BITS
    middle = (round((place[0] - x0) * fine), round((place[1] - y0) * fine))
    sides = (max(round(axes[0] * fine), fine // 2), max(round(axes[1] * fine), fine // 2))
    cv2.ellipse(drawn, middle, sides, float(np.rad2deg(angle)), 0, 360, (255,), -1, cv2.LINE_AA, _BITS)
    soft = cv2.GaussianBlur(drawn.astype(np.float32) / 255, (0, 0), softness) * np.float32(opacity)
    part = frame[y0:y1, x0:x1]
    part += soft * (np.float32(tone) - part)
