"""What can go wrong with a training run."""


class TrainingError(ValueError):
    """The run cannot begin or go on as asked: the message has the value, the rule and the remedy."""


class TrainingDataError(TrainingError):
    """Data, or weights, that the run is to be made from are missing or cannot be used."""


class TrainingFailed(TrainingError):  # noqa: N818 - what happened, as the other errors say what is wrong
    """The run broke off: a loss is no longer finite."""
