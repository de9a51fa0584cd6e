"""A page from a template: style and script inside, every text from outside made harmless, nothing from the network."""

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from initaudit import __version__
from initaudit.reports import wording
from initaudit.reports.escape import escape

_FOLDER = Path(__file__).parent


def page(template: str, **values: Any) -> str:
    """Fill a template of this folder. Text is shown with its controls spelt out and its markup quoted."""
    return _environment().get_template(template).render(values)


def ticked(text: str) -> Markup:
    """Set what stands between backticks as code; the text itself is made harmless."""
    parts = [Markup.escape(escape(part)) for part in text.split("`")]
    if len(parts) % 2 == 0:
        return Markup("`").join(parts)
    return Markup().join(Markup("<code>{}</code>").format(part) if odd % 2 else part for odd, part in enumerate(parts))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        finalize=_visible,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    style, script = _text("style.css"), _text("script.js")
    environment.filters["ticked"] = ticked
    environment.globals.update(
        version=__version__,
        style=Markup(style),  # noqa: S704  (our own file)
        script=Markup(script),  # noqa: S704
        policy=_security_policy(style, script),
        wording=wording,
    )
    return environment


def _visible(value: object) -> object:
    """Spell out the controls of a text, before its markup is quoted; what a template made is left as it is."""
    return escape(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _security_policy(style: str, script: str) -> str:
    """Allow this very style and script, and nothing else: no other code, no network, no frames."""
    return f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; base-uri 'none'"


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}"


def _text(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
