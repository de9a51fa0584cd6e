"""Make foreign text harmless for a terminal: names, paths and messages come from models and policies."""


def escape(text: str) -> str:
    r"""Show each character that is not printable as its escape: ESC as `\x1b`, a line feed as `\n`.

    Controls, bidirectional overrides, separators other than the space, unassigned characters and lone
    surrogates are not printable; letters of any script are, and stay as they are.
    """
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _visible(character) for character in text)


def escape_lines(text: str) -> str:
    """Escape each line by itself, so that a message of several lines keeps them."""
    return "\n".join(escape(line) for line in text.split("\n"))


def _visible(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
