"""What each code means, with an example and the way to mend it: one file for each family of codes."""

from dataclasses import dataclass
from inspect import cleandoc

from initaudit.values import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A kind of finding. `severity` is the usual one; a check may weigh a single finding otherwise."""

    code: str
    title: str
    severity: Severity
    meaning: str
    example: str
    mend: str

    def text(self) -> str:
        """Give all of it as `initaudit explain` prints it."""
        example = "\n".join(f"    {line}".rstrip() for line in cleandoc(self.example).splitlines())
        return (
            f"{self.code}: {self.title} ({self.severity.value})\n\n{cleandoc(self.meaning)}\n\n"
            f"Example\n\n{example}\n\nHow to mend it\n\n{cleandoc(self.mend)}\n"
        )
