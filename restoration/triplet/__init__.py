"""The nets of the triplet-domain latent translation, after "Bringing Old Photos Back to Life"."""
