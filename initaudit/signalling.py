"""The use case of a probe: target and inputs in, what becomes of the signal out."""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from initaudit.checks.coverage import idle_rules
from initaudit.checks.selection import select
from initaudit.checks.signal import findings
from initaudit.errors import OptionError, TargetError
from initaudit.gathering import Gathered, gather, walked
from initaudit.policy.bands import DEFAULT_BANDS
from initaudit.progress import Progress, silent
from initaudit.report import Finding
from initaudit.signal.growth import growth
from initaudit.signal.pooling import pool_gradients, pool_layers, pool_outputs, pool_softmaxes
from initaudit.signal.request import SignalRequest, WidthSweep
from initaudit.signal.values import Layer, ScaleBands, SignalReport, overflows
from initaudit.signal.widths import follow
from initaudit.values import Evidence, Mode, Moments, Severity

if TYPE_CHECKING:
    from torch import nn

    from initaudit.evidence.signal.inputs import Inputs
    from initaudit.evidence.signal.probe import Reading

NO_ROOM = "no gradients were sent back: there is no memory for those of its largest tensor"
FROZEN = "no gradient was sent back: none of its parameters is to be trained"
FLAT_LOSS = "the gradient of the loss is zero at what the model gives, so N(0, 1) was sent back in its place"
NO_LAYER = "no layer with a weight was seen, so what layers make of the scale is not judged"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Probed:
    """One build of the model and what its probe found."""

    gathered: Gathered
    dtype: str
    inputs: "Inputs"
    reading: "Reading"
    unreached: frozenset[str]
    notes: tuple[str, ...]


def signal(request: SignalRequest, *, progress: Progress = silent) -> SignalReport:
    """Send a probe through a model, forward and backward, and say what becomes of the signal.

    With widths, a model of each is probed, and the layers are told of the widest. The model and the process are left
    as they were. Raises InitauditError where nothing can be found out.
    """
    from initaudit.evidence.signal.fitting import outgrows
    from initaudit.model.process import running
    from initaudit.model.target import importable

    model = request.model
    builds = list(_builds(request))
    runs: list[list[_Probed]] = []
    with running(model.seed), importable(model.target, model.app_dir):
        record = outgrows(builds[-1].model)
        for number, build in enumerate(builds):
            progress("probing", number, len(builds))
            if build.model.seed == model.seed:
                runs.append([])
            runs[-1].append(_probed(replace(build, model=replace(build.model, record=record))))
    if request.widths is not None:
        _require_wider(request.widths, [run[0].gathered for run in runs])
    return _report(request, runs)


def _require_wider(widths: WidthSweep, gathered: Sequence[Gathered]) -> None:
    """Raise OptionError where an argument changes the shape of nothing: no exponent over it means anything."""
    shapes = {tuple(entry.parameter.shape for entry in one.entries) for one in gathered}
    if len(shapes) == 1:
        told = ",".join(map(str, widths.values))
        raise OptionError(
            f"--widths {widths.argument}={told}: the parameters of {gathered[0].subject.name} have the same shapes for "
            f"each; name an argument that makes its layers wider"
        )


def _builds(request: SignalRequest) -> Iterator[SignalRequest]:
    """Give what is asked of each build: all seeds of the first width, then those of the next."""
    model = request.model
    widths = [{request.widths.argument: value} for value in request.widths.values] if request.widths else [{}]
    for width in widths:
        for seed in range(model.seed, model.seed + model.seeds):
            arguments = {**model.arguments, **width}
            yield replace(request, model=replace(model, arguments=arguments, seed=seed))


def _report(request: SignalRequest, runs: list[list[_Probed]]) -> SignalReport:
    by_width = [pool_layers([one.reading.layers for one in run]) for run in runs]
    last = runs[-1]
    first = last[0]
    factory = first.gathered.subject.location
    layers = tuple(replace(one, location=one.location or factory) for one in by_width[-1])
    policy = request.model.policy
    bands = policy.signal if policy is not None else DEFAULT_BANDS
    backward = growth(layers, lambda layer: layer.backward_stds)
    outputs = pool_outputs([one.reading.outputs for one in last])
    report = SignalReport(
        target=first.gathered.subject.name,
        policy=policy.name if policy is not None else None,
        mode=first.gathered.mode,
        device=request.model.device,
        dtype=first.dtype,
        seed=request.model.seed,
        seeds=request.model.seeds,
        inputs=first.inputs.told,
        assumed=(*first.inputs.assumed, *first.notes),
        layers=layers,
        gradients=pool_gradients([one.reading.gradients for one in last]),
        forward=growth(layers, lambda layer: layer.forward_stds),
        backward=backward.back() if backward is not None else None,
        outputs=outputs,
        softmaxes=pool_softmaxes([one.reading.softmaxes for one in last]),
        first_nonfinite=_first_nonfinite(layers, outputs),
        widths=follow(request.widths, by_width, list(_ends(runs))) if request.widths is not None else None,
        bands=ScaleBands(activation_std=bands.activation_std, gradient_std=bands.gradient_std),
        fail_on=request.model.fail_on,
    )
    unreached = frozenset.intersection(*(one.unreached for one in last))
    found = (*_mistaken_rules(first.gathered), *findings(report, bands, unreached))
    unseen = () if any(one.weight is not None for one in layers) else (NO_LAYER,)
    placed = tuple(replace(one, location=one.location or factory) for one in found)
    chosen = select(placed, request.model.select, request.model.ignore)
    return replace(report, findings=chosen, assumed=(*report.assumed, *unseen))


def _ends(runs: Sequence[Sequence[_Probed]]) -> Iterator[Layer]:
    """Give what the models of each width give, as layers; nothing where some give nothing that has a scale."""
    from initaudit.model.classes import full_name

    if any(not one.reading.outputs for run in runs for one in run):
        return
    for run in runs:
        ends = [one.reading.outputs[0] for one in run]
        stds = tuple(None if _loses(one) else one.std for one in ends)
        kind = full_name(type(run[0].gathered.subject.module))
        yield Layer(name="", module_type=kind, input=None, forward=ends[0], backward=None, passed_stds=stds)


def _mistaken_rules(gathered: Gathered) -> Iterator[Finding]:
    """Find the rules of the policy that reach nothing; what a preset has for other models is none."""
    unseen = (Evidence(),) * len(gathered.expectations)
    idle = idle_rules(gathered.facts(unseen, unseen, frozenset()))
    yield from (one for one in idle if one.severity is not Severity.NOTE)


def _first_nonfinite(layers: Sequence[Layer], outputs: Sequence[Moments]) -> str | None:
    """Find the first layer that loses values, if some layer that mixes its inputs meets them, or the end does.

    A mask of -inf is lost to no one, not even at the end, and what a softmax makes of a row that is masked as a whole
    is filled in.
    """
    lost = [one for one in layers if _loses(one.forward)]
    met = any(_loses(one.input) for one in layers if one.weight is not None) or any(map(overflows, outputs))
    return lost[0].title if lost and met else None


def _loses(moments: Moments | None) -> bool:
    return moments is not None and moments.nonfinite > 0


def _probed(request: SignalRequest) -> _Probed:
    from initaudit.evidence.recording.lending import lending
    from initaudit.evidence.signal.probe import read
    from initaudit.evidence.signal.reaching import unreached, unused
    from initaudit.evidence.signal.sending import send
    from initaudit.evidence.source import write

    gathered = gather(replace(request.model, target=_own(request)))
    _require_values(gathered.subject.module, gathered.subject.name)
    model = gathered.subject.module.to(gathered.source.device)
    recording = gathered.source.recording
    notes = _no_way_back(model, recorded=recording is not None) if request.backward else ()
    with lending(recording) if recording is not None else nullcontext():
        if gathered.mode is Mode.APPLY:
            moved = walked(gathered.policy, model, recording)  # the buffers of a model that moves are others
            write(*moved, seed=request.model.seed, recording=recording)
        sent, reading = send(replace(request, backward=request.backward and not notes), model, gathered.source.device)
        if sent.loss is not None and reading.gradients and not any(one.reached for one in reading.gradients):
            sent = replace(sent, loss=None)
            reading, notes = read(model, sent.probe()), (*notes, FLAT_LOSS)
        missing = unreached(model, reading, sent)
        reading = reading.without(unused(model, reading, missing, sent))
    return _Probed(
        gathered=gathered,
        dtype=_dtype(model),
        inputs=sent.make(),
        reading=reading,
        unreached=missing,
        notes=notes,
    )


def _no_way_back(model: "nn.Module", *, recorded: bool) -> tuple[str, ...]:
    """Say why no gradients are sent back; nothing where they are."""
    from initaudit.evidence.signal.fitting import gradients_fit

    if not any(one.requires_grad for one in model.parameters()):
        return (FROZEN,)
    return () if not recorded or gradients_fit(model) else (NO_ROOM,)


def _require_values(model: "nn.Module", name: str) -> None:
    from torch.jit import ScriptModule

    if any(isinstance(one, ScriptModule) for one in model.modules()):
        raise TargetError(f"{name} has layers made by torch.jit, which take no hooks; name what makes it without that")
    if any(one.is_meta for one in (*model.parameters(), *model.buffers())):
        raise TargetError(f"{name} is on the meta device, so it has no values to compute with; build it in memory")


def _dtype(model: "nn.Module") -> str:
    dtypes = {str(one.dtype).removeprefix("torch.") for one in model.parameters() if one.is_floating_point()}
    return dtypes.pop() if len(dtypes) == 1 else "mixed"


def _own(request: SignalRequest) -> object:
    """Give the target; of a model, which is the user's own, a copy where one stands for it, or it is to be written."""
    from torch import nn
    from torch.nn.parameter import is_lazy

    from initaudit.evidence.signal.copying import copied

    model = request.model
    if not isinstance(model.target, nn.Module):
        return model.target
    try:
        return copied(model.target, request.loss, request.batch)
    except TargetError as error:
        writes = model.policy is not None and model.mode is Mode.APPLY
        if writes or model.device != "cpu" or any(map(is_lazy, model.target.parameters())):
            raise TargetError(f"{error}; give a factory that makes it") from error
        return model.target
