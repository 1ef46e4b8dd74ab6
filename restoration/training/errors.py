"""What can go wrong with a training run."""


class TrainingError(ValueError):
    """The run cannot begin or go on: the message has the value, the rule and the remedy."""
