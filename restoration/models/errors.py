"""What can be wrong with weights."""


class ModelError(ValueError):
    """Weights, or the card of weights, cannot be used as they are: value, rule and remedy."""


class UnknownModelError(ModelError):
    """There are no weights of that name."""
