"""What can go wrong above files and pixels."""


class UsageError(Exception):
    """The request cannot be carried out as worded: the message has the value, the rule and the remedy."""


class ReelError(Exception):
    """The reel is missing, damaged, or held by another process."""


class Interrupted(Exception):  # noqa: N818 - a way to end, not a fault
    """The run was asked to stop; what was committed stays."""
