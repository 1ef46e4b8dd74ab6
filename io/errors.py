"""What can go wrong between a file and an array, one class per thing a caller can do about it."""


class SourceError(Exception):
    """The source cannot be read as it is: the message names the file, what was found and the remedy."""


class StoreError(Exception):
    """A store or document of the reel is not what it must be: damaged, half-written or of another version."""


class SpaceError(Exception):
    """There is not enough room to write: the message says how much is needed and how much there is."""


class DeliveryError(Exception):
    """A master failed one of its checks and was not given its name; the message says which."""
