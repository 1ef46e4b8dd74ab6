"""Weights and the nets they are for: named, digested, described, told about in cards."""
