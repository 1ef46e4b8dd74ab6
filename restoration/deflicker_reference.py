"""What the light of a moment ought to be, told from a history of it that flickers.

The true light is taken to be level, or to rise or fall evenly, between changes that come seldom: a lamp
switched on, a fade that begins. Every way to cut the history into such pieces counts by its probability:
an exact Bayesian change point model (Fearnhead, "Exact and efficient Bayesian inference for multiple
changepoint problems", Statistics and Computing 2006, section 3), its pieces linear regressions.
"""

import numpy as np

from reelfix.restoration.tone_curve import Values

_QUIETEST = 0.004  # least flicker assumed, in log2
_FAR = 1.2  # so far from the light now, in log2, it is another light, and its unsteadiness of no account
_LASTING = 4  # frames apart at which lasting flicker is told
_LASTS = ((1.35, 1.9, 2.5, 5.0), (1.0, 3.6, 5.0, 1.0))  # how much more they differ; what that widens
_WIDER = 1.3  # flicker is somewhat slower than what its second differences tell
_TAPER = 0.75  # deviation of the weight of far frames, as a share of the farthest
_CHANGES = 0.02  # probability of a change of light at a frame
_SLOPING = 0.15  # probability that light between changes is not level
_LEVELS = 1.0  # deviation of levels, in log2
_STEEPEST = 0.06  # deviation of slopes, in log2 a frame
_SHORTEST = 3  # frames that a light lasts: what is shorter is flicker
_SPIKE = 4.0  # times the flicker: a single frame so far off both neighbours tells nothing
_EASED = 4  # frames around whose references hold a step to the light's own
_ALWAYS = 0.01  # step, in log2, that is allowed at any rate
_IMPOSSIBLE = -1e9


def reference_weights(times: Values, light: Values) -> Values:
    """Weights (n, m) whose sum over the history is what the light at time 0 ought to be; they sum to 1.

    `times`: (n,) in frames, rising, 0 among them; `light`: (n, m) in log2, m series, each by itself.
    Two frames or fewer weigh alike.
    """
    count = len(times)
    if count < _SHORTEST:
        return np.full(light.shape, 1 / count)
    flicker = flicker_deviation(light)
    weight = np.exp(-0.5 * np.square(times / (_TAPER * np.abs(times).max())))[:, None]
    weight = np.where(_spikes(light) > _SPIKE * flicker, 1e-3, weight)
    now = int(np.argmin(np.abs(times)))
    pieces = _Pieces(times, light, weight, flicker)
    log_seldom = np.log(_CHANGES)
    ahead = [np.zeros(light.shape[1])]  # evidence of [0, stop)
    for stop in range(1, now + 1):
        starts = [ahead[i] + pieces.evidence[i, stop] + (log_seldom if i else 0) for i in range(stop)]
        ahead.append(np.logaddexp.reduce(starts))
    after = [np.zeros(light.shape[1])]  # evidence of [start, count), from the last
    for start in range(count - 1, now, -1):
        stops = [
            after[count - j] + pieces.evidence[start, j] + (log_seldom if j < count else 0)
            for j in range(start + 1, count + 1)
        ]
        after.append(np.logaddexp.reduce(stops))
    before = np.stack(ahead) + np.where(np.arange(now + 1) > 0, log_seldom, 0)[:, None]
    behind = np.stack(after[::-1]) + np.where(np.arange(now + 1, count + 1) < count, log_seldom, 0)[:, None]
    return pieces.mixed(before, behind, now)


def eased_weights(times: Values, light: Values) -> Values:
    """`reference_weights` (n,) of one series (n,), held to steps no harder than `light` itself makes there.

    The references of the moments around are bounded from both sides by lines that rise and fall as fast as
    the light does; midway between the two bounds lies the result (McShane, "Extension of range of functions",
    Bulletin of the AMS 1934). A lamp's step stays; one that only the model makes becomes a slope.
    """
    light = light - light[np.argmin(np.abs(times))]
    weights = reference_weights(times, light[:, None])[:, 0]
    near = np.flatnonzero(np.abs(times) <= _EASED)
    now = int(np.flatnonzero(times[near] == 0)[0])
    if len(times) < _SHORTEST or len(near) < _SHORTEST:
        return weights
    steps = np.abs(np.diff(light[near]))
    padded = np.pad(steps, 1)
    allowed = np.maximum(np.maximum(padded[:-2], padded[2:]), steps) + _ALWAYS

    def at(place: int) -> Values:
        return weights if times[place] == 0 else reference_weights(times - times[place], light[:, None])[:, 0]

    ends = {int(place): at(int(place)) for place in near[[0, now, -1]]}
    if np.ptp([w @ light for w in ends.values()]) <= allowed.min():
        return weights  # no step within
    every = [ends[place] if place in ends else at(place) for place in near.tolist()]
    path = np.array([w @ light for w in every])
    if np.all(np.abs(np.diff(path)) <= allowed):
        return weights
    travelled = np.concatenate([[0.0], allowed.cumsum()])
    away = np.abs(travelled - travelled[now])
    above, below = int(np.argmin(path + away)), int(np.argmax(path - away))
    eased = (path[above] + away[above] + path[below] - away[below]) / 2
    if abs(eased - path[now]) < 1e-9:
        return weights
    # The mean of the two references that bound it, moved on by the difference.
    mixed = (every[above] + every[below]) / 2
    own = np.where(times == 0, 1.0, 0.0)
    reached = float(mixed @ light)
    share = np.clip(eased / reached, 0, 1) if abs(reached) > 1e-9 else 1.0
    return np.asarray(share * mixed + (1 - share) * own)


def flicker_deviation(light: Values) -> Values:
    """Deviation (m,) of frames of one light in `light` (n, m), n > 2; real changes, being few, are left out.

    Told from second differences between neighbours; wider where flicker lasts for some frames, so that those
    four frames apart differ more: the frames tell less then, each by itself. What is smoother still is no
    flicker.
    """
    light = np.clip(light, -_FAR, _FAR)
    fast = _second_difference(light, 1)
    if len(light) <= 2 * _LASTING:
        return np.asarray(_WIDER * fast + _QUIETEST)
    worth = np.interp(_lasting(_without_a_step(light)), *_LASTS)
    worth = np.where(_lasting(light) > _LASTS[0][-1], 1, worth)
    return np.asarray(_WIDER * fast * worth + _QUIETEST)


def _lasting(light: Values) -> Values:
    """How much more frames differ from those some frames apart than from their neighbours, (m,)."""
    return np.asarray((_second_difference(light, _LASTING) + 1e-9) / (_second_difference(light, 1) + 1e-9))


def _without_a_step(light: Values) -> Values:
    """Take the one step that explains most out of series (n, m)."""
    count = len(light)
    before = np.arange(1, count)[:, None]
    sums = light.cumsum(axis=0)
    steps = (sums[-1] - sums[:-1]) / (count - before) - sums[:-1] / before
    explained = steps**2 * before * (count - before)
    best = explained.argmax(axis=0)
    return np.asarray(
        light - np.where(np.arange(count)[:, None] > best, steps[best, np.arange(light.shape[1])], 0)
    )


def _second_difference(light: Values, distance: int) -> Values:
    """Root mean square (m,) of second differences; that of free jumps is their deviation.

    The largest ones are left out: a lamp switched on makes `2 distance` of them.
    """
    second = light[2 * distance :] - 2 * light[distance:-distance] + light[: -2 * distance]
    squares = np.sort(np.square(second) / 6, axis=0)
    left_out = max(3, 0.13 * len(squares)) if distance == 1 else 0.4 * len(squares)
    kept = max(len(squares) - int(left_out), 1)
    # What share of the whole's variance the smallest of normally distributed values have.
    share = np.interp(
        kept / len(squares), (0.5, 0.6, 0.7, 0.8, 0.9, 1), (0.143, 0.2145, 0.309, 0.4377, 0.623, 1)
    )
    return np.asarray(np.sqrt(squares[:kept].mean(axis=0) / share))


def _spikes(light: Values) -> Values:
    """How far each of (n, m) stands out of both neighbours, or, at an end, of the two next."""
    off = np.zeros_like(light)
    up, down = light[1:-1] - light[:-2], light[1:-1] - light[2:]
    off[1:-1] = np.where(up * down > 0, np.minimum(np.abs(up), np.abs(down)), 0)
    for end, one, two in ((0, 1, 2), (-1, -2, -3)):
        step = np.abs(light[one] - light[two])
        off[end] = np.maximum(np.abs(light[end] - light[one]) - 3 * step, 0)
    return off


class _Pieces:
    """Regressions of every piece [i, j) of some series, level or straight, and the evidence for them."""

    def __init__(self, times: Values, light: Values, weight: Values, flicker: Values) -> None:
        self.times, self.weight = times[:, None], weight
        x = self.times
        moments = [weight, weight * x, weight * x * x, weight * light, weight * light * x, weight * light**2]
        sums = [np.concatenate([np.zeros((1, m.shape[1])), m.cumsum(axis=0)]) for m in moments]
        s0, s1, s2, y0, y1, y2 = (s[None] - s[:, None] for s in sums)  # [i, j]: of [i, j)
        count = len(times)
        length = np.arange(count + 1)[None] - np.arange(count + 1)[:, None]
        possible = (length >= min(_SHORTEST, count))[..., None] & (s0 > 0.05)
        s0 = np.where(possible, s0, 1)
        mean = s1 / s0
        spread = np.where(possible, s2 - s0 * mean**2, 1) + 1e-9  # of the times
        covered = y1 - mean * y0
        square = flicker**2
        level_error = y2 - y0**2 / s0
        line_error = level_error - covered**2 / spread
        level = -0.5 * (level_error / square + np.log1p(s0 * _LEVELS**2 / square))
        line = -0.5 * (line_error / square + np.log1p(s0 * _LEVELS**2 / square))
        line -= 0.5 * np.log1p(spread * _STEEPEST**2 / square)
        level, line = level + np.log(1 - _SLOPING), line + np.log(_SLOPING)
        self.evidence = np.where(possible, np.logaddexp(level, line), _IMPOSSIBLE)
        sloping = np.exp(np.minimum(line - np.logaddexp(level, line), 0))
        # The prediction at time 0 is sum_k w_k y_k (constant + by_time x_k).
        self._constant = 1 / s0 + sloping * mean**2 / spread
        self._by_time = -sloping * mean / spread

    def mixed(self, before: Values, behind: Values, now: int) -> Values:
        """Mix the predictions at time 0 of all pieces [i, j) with i <= now < j: weights (n, m)."""
        inside = (slice(0, now + 1), slice(now + 1, None))
        evidence = before[:, None] + self.evidence[inside] + behind[None]
        best = evidence.max(axis=(0, 1))
        share = np.exp(evidence - best)
        share /= share.sum(axis=(0, 1))
        constant, by_time = share * self._constant[inside], share * self._by_time[inside]
        weights = _over_frames(constant) + _over_frames(by_time) * self.times
        weights *= self.weight
        return np.asarray(weights / weights.sum(axis=0))


def _over_frames(part: Values) -> Values:
    """Sum what pieces (starts, stops, m) give to each frame (n, m) within them; all cover the frame now."""
    early = part.sum(axis=1).cumsum(axis=0)  # frames up to now: of pieces that begin no later
    late = part.sum(axis=0)[::-1].cumsum(axis=0)[::-1]  # frames after: of those that end later
    return np.concatenate([early, late[1:]])
