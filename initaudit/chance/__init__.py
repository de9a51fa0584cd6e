"""What chance alone does to the figures of so many draws of a law: bounds, exact or proven, and nothing of torch."""
