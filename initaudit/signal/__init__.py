"""What the weights do to activations and gradients: figures of a probe, their trend over depth and width, verdicts."""
