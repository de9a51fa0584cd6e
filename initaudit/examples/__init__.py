"""Models to try the tool on."""
