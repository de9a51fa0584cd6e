"""What a selector that matches nothing may have meant: the nearest word that the model has."""

from collections.abc import Iterable, Sequence

from initaudit.errors import did_you_mean
from initaudit.policy.matching import matches
from initaudit.policy.schema import Selector
from initaudit.values import Parameter, Site

_EVERY = "torch.nn.modules.module.Module"
"""The class of all modules, which nobody means."""


def nearest(selector: Selector, parameters: Sequence[Parameter]) -> str:
    """Give `; module 'Conv2D' is nowhere in it; did you mean 'Conv2d'?` for a wrong word, else nothing."""
    sites = [(parameter, site) for parameter in parameters for site in parameter.sites]
    for key in ("module", "parameter", "name"):
        for word in getattr(selector, key):
            alone = Selector.model_validate({key: word, "kind": selector.kind})
            if any(matches(alone, parameter, site) for parameter, site in sites):
                continue
            near = _near(key, word, [site for _, site in sites])
            if near:
                return f"; {key} {word!r} is nowhere in it{near}"
    return ""


def _near(key: str, word: str, sites: Iterable[Site]) -> str:
    match key:
        case "module":
            paths = [path for site in sites for path in site.classes if path != _EVERY]
            return did_you_mean(word, paths if "." in word else [path.rpartition(".")[2] for path in paths])
        case "parameter":
            return did_you_mean(word, [site.local for site in sites])
    names = [site.name for site in sites]
    if not set(word) & set("*?[/"):
        return did_you_mean(word, names)
    known = {part for name in names for part in name.split(".")}
    parts = [part for part in word.split(".") if part not in known and not set(part) & set("*?[]/")]
    return next(filter(None, (did_you_mean(part, sorted(known)) for part in parts)), "")
