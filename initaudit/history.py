"""What the recording tells of a parameter: who wrote it, in which order, and what stands there."""

from dataclasses import dataclass

from initaudit.laws import Law
from initaudit.regions import Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A line of somebody's file; lines count from one."""

    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


LOADED = "load_state_dict"
"""The initialiser of a write whose values come from a state dict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfit:
    """A state dict that was loaded, and of which nothing reached the module."""

    module: str
    """The class of the module."""
    given: str
    """One of the keys of the state dict."""
    keys: int
    """How many it has."""
    wanted: str
    """One of the module's."""
    location: Location | None
    """Who called `load_state_dict`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asked for an operation."""

    initialiser: str
    """A function of `torch.nn.init` without its underscore, else the operation's own name."""
    arguments: tuple[tuple[str, float | str], ...] = ()
    location: Location | None = None
    """The first line outside torch."""
    user: Location | None = None
    """The first line outside every installed package, where that is another one."""
    default: bool = False
    """Whether a module of torch asked for it by itself, as its constructor and `reset_parameters` do."""

    @property
    def line(self) -> Location | None:
        """Where to look first: the user's own line, else that of the package."""
        return self.user or self.location

    @property
    def through(self) -> Location | None:
        """The line of the package which the user's own led to; None where there is but one line."""
        return self.location if self.user is not None else None

    @property
    def lines(self) -> str:
        """The lines in words: the user's own, and that of the package; empty where none is known."""
        behind = f" ({self.through})" if self.through is not None else ""
        return f"{self.line}{behind}" if self.line is not None else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """Initial values that were written into a tensor made from parameters, and of which nothing was kept."""

    name: str
    """The parameter that it was made from; the largest of several."""
    made: str
    """The operation that made it."""
    caller: Caller
    """Who wrote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Write(Caller):
    """One recorded operation that wrote into a parameter, and who asked for it."""

    elements: int | None = None
    region: Box | None = None
    """What it wrote, where that is a part of the parameter and a box."""
    dead: bool = False
    """Whether later writes left nothing of it."""
    loaded: bool = False
    """Whether it brings in what a state dict holds, and what is no draw that another part of the model has as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What stands in a region of a parameter as the recording tells it; without a law, nobody wrote it."""

    box: Box
    law: Law | None
    write: Write


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """All writes of a parameter, and what stood there after each."""

    writes: tuple[Write, ...]
    """Newest first."""
    states: tuple[tuple[Standing, ...], ...]
    """One for each write, oldest first."""

    @property
    def left(self) -> tuple[Standing, ...]:
        """What the factory left, region by region; empty where nothing was written."""
        return self.states[-1] if self.states else ()

    @property
    def line(self) -> Location | None:
        """Where to look first: the line of the newest write that shows."""
        return next((write.line for write in self.writes if not write.dead), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeding:
    """Somebody set the state of torch's own generator."""

    at: int
    """How many operations stood in the recording before."""
    caller: Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What the recording tells of the operations that a parameter's values come from."""

    draws: frozenset[int]
    """Those of them that draw, by their place in the recording."""
    single: bool
    """Whether one of them draws, as many values as there are, and none makes more or fewer of them."""
    apart: bool
    """Whether each value is made of draws of its own, and none of them of another's."""
    loaded: bool
    """Whether any of them brings in what a state dict holds, and what nobody drew here."""
    broadcast: bool
    """Whether any of them puts one drawn value, or one vector of them, at several places."""
    key: tuple[object, ...] | None
    """Equal for parameters that hold the same values, bit for bit; None where that is not told."""
    copied: bool
    """Whether the last of them copies values, whole, from another tensor."""
    caller: Caller | None
    """Who asked for the last of them."""
    coarsest: str | None = None
    """The least precise dtype that each value had since it was last computed; None where they are not made apart."""
    seeding: Seeding | None = None
    """The last time that somebody set torch's own generator before it gave the first draw; None for another one."""

    @property
    def random(self) -> bool:
        """Whether any of them draws."""
        return bool(self.draws)
