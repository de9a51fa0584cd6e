"""What is compared: one file per family of codes; plain values in, findings out."""
