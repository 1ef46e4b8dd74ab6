"""Colour: from luma to chroma, with nets, hints and reference pictures."""
