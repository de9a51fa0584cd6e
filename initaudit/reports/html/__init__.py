"""Reports as pages: one HTML file each, whole in itself, complete without scripts, harmless whatever names it holds."""
