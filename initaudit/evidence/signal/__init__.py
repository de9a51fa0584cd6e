"""A probe sent through a model, forward and backward, and the figures of what passes."""
