"""The factory runs once, its large writes recorded instead of done: what was written, and its values on demand."""
