"""How a long run tells how far it has come."""

from typing import Protocol


class Progress(Protocol):
    """What is called with the stage, how much of it is done, and how much there is."""

    def __call__(self, stage: str, done: int, total: int, /) -> None: ...


def silent(stage: str, done: int, total: int, /) -> None:
    """Tell nobody."""
