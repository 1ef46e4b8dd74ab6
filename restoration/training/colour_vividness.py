"""How much rare colours count, changed after training."""

import torch

from reelfix.restoration.colour.bins import rebalancing


def more_vivid(bias: torch.Tensor, prior: torch.Tensor, by: float, *, mixed: float = 0.5) -> torch.Tensor:
    """Return the bias (Q,) of the logits' layer, rare colours likelier; negative `by`: less likely.

    A net trained with classes that count prior-dependent weights w^p then gives what one trained with w^(p +
    `by`) would: the logarithm of w^`by` is added to its logits (Menon et al., "Long-tail learning via logit
    adjustment", ICLR 2021). `prior`, `mixed`: see `rebalancing`.
    """
    shift = by * rebalancing(prior, mixed).log()
    # Logits mean the same whatever is added to all.
    return bias + (shift - (shift * prior).sum()).to(bias.dtype)
