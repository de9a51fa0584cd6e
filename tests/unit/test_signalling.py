"""The experiment of a hundred layers of 256 units, its figures held; and how models and seeds are probed."""

import math
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import nn

from initaudit.errors import OptionError, TargetError
from initaudit.policy.reader import load_policy
from initaudit.request import Request
from initaudit.signal.request import InputSpec, SignalRequest, WidthSweep
from initaudit.signal.values import Regime, SignalReport
from initaudit.signalling import signal
from initaudit.values import Mode, Outcome, Severity

BATCH = (InputSpec(shape=(16, 256)),)
SQUARE_ROOT = 256**-0.5


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Keep small products off a pool of threads, which on a busy machine wait for one another."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Deep(nn.Module):
    """A hundred layers of 256 units, as in the experiment."""

    def __init__(self, write: Callable[[torch.Tensor], object], function: Callable | None = None, depth: int = 100):
        super().__init__()
        self.linears = nn.ModuleList(nn.Linear(256, 256, bias=False) for _ in range(depth))
        self.function = function
        for layer in self.linears:
            write(layer.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.linears:
            x = layer(x)
            if self.function is not None:
                x = self.function(x)
        return x


def probed(target: object, *, seeds: int = 1, inputs: tuple[InputSpec, ...] = BATCH, **more: object) -> SignalReport:
    model = Request(target=target, mode=Mode.AS_BUILT, seeds=seeds)
    return signal(SignalRequest(model=model, inputs=inputs, **more))


def stds(report: SignalReport) -> list[list[float | None]]:
    """Give the std after each layer, and the function behind it, for each seed."""
    return [[layer.passed_stds[seed] for layer in report.layers] for seed in range(report.seeds)]


def codes(report: SignalReport) -> list[str]:
    return [one.code for one in report.findings]


def test_standard_normal_weights_grow_sixteenfold_until_nothing_is_finite() -> None:
    """The growth of log std has a std of about 0.04 a layer, so 0.3 is ten sigma of the mean over 30 layers."""
    report = probed(partial(Deep, nn.init.normal_))
    assert report.forward.factor == pytest.approx(16, abs=0.3)
    assert report.forward.low < 16 < report.forward.high
    assert [one.std for one in report.layers[:3]] == pytest.approx([16, 256, 4096], rel=0.1)
    number = int(report.first_nonfinite.removeprefix("linears."))
    assert 29 <= number <= 33
    assert 1e36 < report.layers[number - 1].std < 1e38
    assert codes(report) == ["IA601", "IA602", "IA603"]
    assert "where 0.06" in report.findings[0].message
    assert report.findings[0].parameter == "linears.0"


def test_weights_of_one_over_root_n_keep_the_scale() -> None:
    """None of 300 seeds left [0.4, 2.5] when this was measured; the narrowest came to 0.52 and 2.2."""
    report = probed(partial(Deep, partial(nn.init.normal_, std=SQUARE_ROOT)), seeds=3)
    for seed in stds(report):
        assert len(seed) == 100
        assert 0.4 < min(seed) <= max(seed) < 2.5
    assert codes(report) == []


def test_tanh_lets_that_scale_fall() -> None:
    """Of 60 seeds all ended between 0.04 and 0.08, from 0.62 on."""
    report = probed(partial(Deep, partial(nn.init.normal_, std=SQUARE_ROOT), torch.tanh))
    (after,) = stds(report)
    taken = [layer.input.std for layer in report.layers[1:]]
    assert taken[0] == pytest.approx(0.627, abs=0.02)
    assert after[-1] < taken[0] / 4
    assert all(layer.activation.name == "tanh" for layer in report.layers[1:])
    assert codes(report) == ["IA601"]


def test_xavier_with_the_gain_of_tanh_holds_it() -> None:
    """Of 60 seeds all stayed between 0.63 and 0.77."""
    xavier = partial(nn.init.xavier_uniform_, gain=nn.init.calculate_gain("tanh"))
    report = probed(partial(Deep, xavier, torch.tanh))
    taken = [layer.input.std for layer in report.layers[1:]]
    assert 0.5 < min(taken) <= max(taken) < 2
    assert codes(report) == []


def test_kaiming_holds_relu() -> None:
    """Of 150 seeds all stayed between 0.077 and 3.9."""
    report = probed(partial(Deep, nn.init.kaiming_normal_, torch.relu))
    taken = [layer.input.std for layer in report.layers[1:]]
    assert 0.02 < min(taken) <= max(taken) < 20
    assert codes(report) == []


def test_torchs_own_law_before_relu_vanishes_forward_and_backward() -> None:
    """Weights from U(±1/√n) have a third of the variance that a linear layer wants, and a sixth of what a ReLU does."""
    report = probed(partial(Deep, partial(nn.init.kaiming_uniform_, a=math.sqrt(5)), torch.relu, depth=40))
    assert report.forward.factor == pytest.approx(6**-0.5, abs=0.02)
    assert codes(report) == ["IA601", "IA602"]


def test_four_layers_of_standard_normal_weights_are_enough_to_tell() -> None:
    assert codes(probed(partial(Deep, nn.init.normal_, depth=4))) == ["IA601", "IA602"]


def small() -> nn.Module:
    return nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8))


SMALL = (InputSpec(shape=(16, 8)),)


def test_seeds_are_pooled_and_kept_apart() -> None:
    report = probed(small, seeds=3, inputs=SMALL)
    assert [len(set(layer.forward_stds)) for layer in report.layers] == [3, 3, 3]
    assert report.layers[0].spread > 1
    assert report.layers[0].forward.count == 3 * 16 * 8


def test_same_request_gives_the_same_report() -> None:
    assert probed(small, inputs=SMALL) == probed(small, inputs=SMALL)


def applied(target: object, path: Path, text: str) -> SignalReport:
    path.write_text(f"version: 1\nrules: [{{id: all, match: {{name: '*'}}, init: {text}}}]\n", encoding="utf-8")
    return signal(SignalRequest(model=Request(target=target, policy=load_policy(path)), inputs=SMALL))


def test_policy_is_applied_first_and_a_model_of_the_users_keeps_its_values(tmp_path: Path) -> None:
    model = small()
    before = {name: one.clone() for name, one in model.state_dict().items()}
    report = applied(model, tmp_path / "p.yaml", "{constant: {val: 0.5}}")
    assert report.mode is Mode.APPLY
    assert report.layers[0].weight.moments.mean == 0.5
    assert all(torch.equal(one, before[name]) for name, one in model.state_dict().items())


class Buffered(nn.Module):
    """Multiplies what its layer gives by a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(8, 8)
        self.register_buffer("factor", torch.ones(8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.factor * self.body(x)


def test_policy_reaches_the_buffers_of_a_model_that_was_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that is not the model's is stood in for by copies, which is what it gives a module for its buffers."""
    monkeypatch.setattr(nn.Module, "to", lambda module, device: module._apply(torch.clone))
    path = tmp_path / "p.yaml"
    rule = "{id: factor, match: {kind: buffer, name: factor}, init: {constant: {val: 0.0}}}"
    path.write_text(f"version: 1\nrules: [{rule}]\n", encoding="utf-8")
    report = signal(SignalRequest(model=Request(target=Buffered, policy=load_policy(path)), inputs=SMALL))
    assert report.outputs[0].maximum == 0 == report.outputs[0].minimum


def test_rule_of_ones_own_that_reaches_nothing_is_told(tmp_path: Path) -> None:
    rule = "  - {id: convs, match: {module: Conv2d, parameter: weight}, init: normal}\n"
    path = tmp_path / "p.yaml"
    path.write_text(f"version: 1\nextends: kaiming-mlp\nrules:\n{rule}", encoding="utf-8")
    report = signal(SignalRequest(model=Request(target=small, policy=load_policy(path)), inputs=SMALL))
    assert [(one.code, one.rule, one.severity) for one in report.findings] == [("IA102", "convs", Severity.ERROR)]


def test_bands_of_the_policy_are_those_of_the_verdict(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    text = "normal: {std: 1.0}}}]\nsignal: {activation_std: [1e-9, 1e9], growth: [0.01, 100], gradient_std: [1e-9, 1e9]"
    path.write_text(f"version: 1\nrules: [{{id: all, match: {{name: '*'}}, init: {{{text}}}\n", encoding="utf-8")
    deep = partial(Deep, lambda weight: None, depth=5)
    report = signal(SignalRequest(model=Request(target=deep, policy=load_policy(path)), inputs=BATCH))
    assert report.forward.factor == pytest.approx(16, abs=1)
    assert codes(report) == []


def test_random_numbers_of_the_process_stay_where_they_are() -> None:
    model = small()
    torch.manual_seed(5)
    expected = torch.randn(3)
    torch.manual_seed(5)
    probed(model, inputs=SMALL)
    assert torch.equal(torch.randn(3), expected)


def test_lazy_model_of_the_users_stays_lazy() -> None:
    model = nn.Sequential(nn.LazyLinear(4))
    assert probed(model, inputs=SMALL).layers[0].std > 0
    assert isinstance(model[0].weight, nn.parameter.UninitializedParameter)


class Forcing(nn.Module):
    """Writes to all that it has whenever it is called: forces its weights to unit rows, as EDM2 does in training."""

    def __init__(self) -> None:
        super().__init__()
        self.weight, self.gain = nn.Parameter(3 * torch.randn(8, 8)), nn.Parameter(torch.zeros(()))
        self.last = nn.Linear(8, 8)
        self.calls = torch.zeros(1)
        self.register_buffer("late", None)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            self.weight.copy_(self.weight / self.weight.norm(dim=1, keepdim=True))
        self.calls.add_(1)
        self.late = torch.ones(3)
        self.register_buffer("fresh", torch.ones(2))
        return self.last(x) + self.gain * (x @ self.weight.t())


def kept(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: one.clone() for name, one in (*model.state_dict().items(), ("calls", model.calls))}


def test_model_of_the_users_that_writes_to_itself_is_as_it_was() -> None:
    model = Forcing()
    before = kept(model)
    assert probed(model, inputs=SMALL).layers
    after = kept(model)
    assert list(after) == list(before)
    assert all(torch.equal(one, before[name]) for name, one in after.items())


def replaced(model: nn.Module) -> nn.Module:
    """Let a function take the place of forward, as people do in notebooks."""
    before = model.forward
    model.forward = lambda x: 2 * before(x)
    return model


def hooked(model: nn.Module) -> nn.Module:
    last = model[2]
    model[0].register_forward_hook(lambda module, args, output: output + last.bias)
    return model


def computed(model: nn.Module) -> nn.Module:
    """Hold a tensor that cannot be copied."""
    model[0].half = model[0].weight / 2
    return model


@pytest.mark.parametrize("make", [replaced, hooked, computed])
def test_model_of_the_users_that_no_copy_stands_for_is_probed_itself_where_nothing_is_written(
    make: Callable[[nn.Module], nn.Module], tmp_path: Path
) -> None:
    model = make(small())
    before = {name: one.clone() for name, one in model.state_dict().items()}
    report = probed(model, inputs=SMALL)
    assert [layer.name for layer in report.layers if layer.weight is not None] == ["0", "2"]
    assert report.findings == ()
    with pytest.raises(TargetError, match=r"copying the model, so that the probe .*; give a factory that makes it"):
        applied(model, tmp_path / "p.yaml", "{constant: {val: 0.5}}")
    assert all(torch.equal(one, before[name]) for name, one in model.state_dict().items())


def test_loss_that_asks_the_users_model_asks_the_one_that_is_probed() -> None:
    class Telling(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.last = nn.Linear(8, 8), nn.Linear(8, 8)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.middle = self.body(x)
            return self.last(self.middle.detach())

        def loss(self, output: torch.Tensor) -> torch.Tensor:
            return output.sum() + self.middle.square().sum()

    model = Telling()
    for loss in (model.loss, lambda output: model.loss(output)):
        assert all(one.reached for one in probed(model, inputs=SMALL, loss=loss).gradients)


def test_hooks_of_parameters_are_those_of_the_users() -> None:
    model = small()
    model[0].weight.register_hook(torch.zeros_like)
    reached = {one.name: one.reached for one in probed(model, inputs=SMALL).gradients}
    assert reached == {"0.weight": False, "0.bias": True, "2.weight": True, "2.bias": True}


def test_model_without_memory_is_refused() -> None:
    with torch.device("meta"):
        model = small()
    with pytest.raises(TargetError, match="meta device"):
        probed(model, inputs=SMALL)


def test_tensors_that_no_module_registers_have_their_values() -> None:
    class Holding(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Linear(512, 512)
            self.rotation = [torch.randn(512, 512)]

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.body(x @ self.rotation[0])

    report = probed(Holding, inputs=(InputSpec(shape=(16, 512)),))
    assert report.layers[0].input.std == pytest.approx(512**0.5, rel=0.05)


def net(width: int = 32, factor: float = 1.0) -> nn.Module:
    layers = [nn.Linear(16, width), *(nn.Linear(width, width) for _ in range(2)), nn.Linear(width, 4)]
    for layer in layers:
        nn.init.normal_(layer.weight, std=factor if factor < 1 else layer.in_features**-0.5)
    return nn.Sequential(*layers)


def test_widths_tell_the_parametrisation() -> None:
    inputs = (InputSpec(shape=(64, 16)),)
    widths = WidthSweep(argument="width", values=(32, 64, 128, 256))
    standard = probed(net, inputs=inputs, widths=widths, seeds=2)
    assert {one.regime for one in standard.widths.layers} == {Regime.STANDARD}
    assert "IA605" not in codes(standard)
    fixed = probed(partial(net, factor=0.1), inputs=inputs, widths=widths, seeds=2)
    assert {one.regime for one in fixed.widths.layers} == {Regime.UNSTABLE}
    assert "IA605" in codes(fixed)
    assert fixed.layers[0].weight.shape == (256, 16)


def test_model_without_a_layer_that_has_a_weight_says_that_nothing_was_judged() -> None:
    report = probed(lambda: nn.Sequential(nn.ReLU(), nn.BatchNorm1d(16)), inputs=(InputSpec(shape=(8, 16)),))
    assert report.assumed == ("no layer with a weight was seen, so what layers make of the scale is not judged",)
    assert probed(net, inputs=(InputSpec(shape=(8, 16)),)).assumed == ()


def test_argument_that_makes_nothing_wider_is_refused() -> None:
    widths = WidthSweep(argument="factor", values=(1, 2, 3))
    with pytest.raises(OptionError, match=r"factor=1,2,3: the parameters of .* have the same shapes for each"):
        probed(net, inputs=(InputSpec(shape=(8, 16)),), widths=widths)


class Scaled(nn.Module):
    """Weights of N(0, 1) and a factor of the width in the code: the parametrisation of the neural tangent kernel."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(16, width), nn.Linear(width, width), nn.Linear(width, 4)])
        for layer in self.layers:
            nn.init.normal_(layer.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = torch.tanh(layer(x) / layer.in_features**0.5)
        return x


class Branched(nn.Module):
    """Blocks whose branch is added to what comes in, with norms: what one gives, the next does not take alone."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.start = nn.Linear(16, width)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.ups = nn.ModuleList(nn.Linear(width, 2 * width, bias=False) for _ in range(2))
        self.downs = nn.ModuleList(nn.Linear(2 * width, width, bias=False) for _ in range(2))
        for layer in (*self.ups, *self.downs):
            nn.init.normal_(layer.weight, std=0.02)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.start(x)
        for norm, up, down in zip(self.norms, self.ups, self.downs, strict=True):
            x = x + down(up(norm(x)))
        return x


def test_factor_in_the_code_counts_with_its_layer() -> None:
    widths = WidthSweep(argument="width", values=(32, 64, 128, 256))
    found = probed(Scaled, inputs=(InputSpec(shape=(64, 16)),), widths=widths, seeds=2)
    assert {one.regime for one in found.widths.layers} == {Regime.NTK}
    assert "IA605" not in codes(found)


def test_branch_that_grows_with_the_width_is_told_by_what_it_gives() -> None:
    widths = WidthSweep(argument="width", values=(32, 64, 128, 256))
    found = probed(Branched, inputs=(InputSpec(shape=(64, 16)),), widths=widths, seeds=2)
    powers = {one.name: one.forward.value for one in found.widths.layers}
    assert powers["ups.1"] == pytest.approx(0.5, abs=0.15)
    assert powers["downs.1"] == pytest.approx(1.0, abs=0.2)
    assert "IA605" in codes(found)


PRESET_LIKE = {
    "convolutions with batch norms": lambda: nn.Sequential(
        *(one for n in range(6) for one in (nn.Conv2d(3 if n == 0 else 16, 16, 3), nn.BatchNorm2d(16), nn.ReLU()))
    ),
    "recurrent": lambda: nn.LSTM(8, 16, num_layers=2),
    "encoder": lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 2, 32), 4, enable_nested_tensor=False),
    "torch's own small network": lambda: nn.Sequential(
        nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 2)
    ),
}


@pytest.mark.parametrize("name", PRESET_LIKE)
def test_correct_model_is_without_a_finding(name: str) -> None:
    assert [one.message for one in probed(PRESET_LIKE[name], inputs=()).findings] == []


class Attending(nn.Module):
    """Looks at nothing from its first place, as a padded token does, and fills in what comes of that, or does not."""

    def __init__(self, *, fills: bool) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.score, self.softmax, self.last = nn.Linear(8, 8), nn.Softmax(dim=-1), nn.Linear(8, 8)
        self.fills = fills

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        masked = (torch.arange(8) == 0).unsqueeze(1).expand(8, 8)
        shares = self.softmax(self.score(x).masked_fill(masked, -math.inf))
        return self.last(shares.masked_fill(masked, 0.0) if self.fills else shares)


@pytest.mark.parametrize("fills", [True, False])
def test_values_that_are_lost_and_filled_in_are_no_finding(fills: bool) -> None:
    report = signal(SignalRequest(model=Request(target=Attending(fills=fills)), inputs=(InputSpec(shape=(8, 8)),)))
    assert report.layers[1].forward.nonfinite == 8
    assert report.first_nonfinite == (None if fills else "softmax")
    assert ("IA603" in codes(report)) is not fills


class Scored(nn.Module):
    """Masks its scores in a layer that others hook into, the last that is called."""

    def __init__(self) -> None:
        super().__init__()
        self.score, self.value, self.masked = nn.Linear(8, 8), nn.Linear(8, 8), nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        value = self.value(x)
        hidden = torch.ones(8, 8, dtype=torch.bool).triu(1)
        return self.masked(self.score(x).masked_fill(hidden, -math.inf)).softmax(-1) @ value


class Masking(nn.Module):
    """Gives scores, of which those beyond the text are masked, or divided by a number that is far too small."""

    def __init__(self, *, divides: bool) -> None:
        super().__init__()
        self.score, self.divides = nn.Linear(8, 8), divides
        self.given = nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scores = self.score(x)
        if self.divides:
            return self.given(scores / 2e-39)
        return self.given(scores.masked_fill(torch.arange(8) > 4, -math.inf))


@pytest.mark.parametrize("divides", [True, False])
def test_scores_that_a_model_gives_masked_are_no_finding_while_those_that_overflow_are(divides: bool) -> None:
    report = signal(SignalRequest(model=Request(target=Masking(divides=divides)), inputs=(InputSpec(shape=(8, 8)),)))
    assert 0 < report.layers[-1].forward.nonfinite < 64
    assert ("IA603" in codes(report)) is divides


def test_scores_that_the_last_layer_masks_are_no_finding() -> None:
    report = signal(SignalRequest(model=Request(target=Scored), inputs=(InputSpec(shape=(8, 8)),)))
    assert report.layers[-1].forward.nonfinite == 28
    assert codes(report) == []


class Rooted(nn.Module):
    """Gives the root of a sum of squares, whose slope at zero is infinite, and starts there."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(8, 8), nn.Linear(8, 8)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.first(x)).square().sum(-1).sqrt()


class Normalised(nn.Module):
    """Divides what its last layer gives, which is zero, by the norm of it."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(8, 8), nn.Linear(8, 8)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        hidden = self.first(x)
        last = self.last(hidden)
        return hidden, last / last.norm(dim=-1, keepdim=True)


@pytest.mark.parametrize("backward", [True, False])
@pytest.mark.parametrize("seeds", [1, 2])
def test_what_is_lost_behind_the_last_layer_is_an_error(backward: bool, seeds: int) -> None:
    report = probed(Normalised, inputs=SMALL, seeds=seeds, backward=backward)
    (found,) = [one for one in report.findings if one.code == "IA603"]
    assert found.parameter is None
    assert f"though what each of its layers gives is: {128 * seeds} of {128 * seeds} values are NaN" in found.message
    assert found.location is not None


def test_gradients_that_are_not_finite_are_an_error() -> None:
    report = signal(SignalRequest(model=Request(target=Rooted), inputs=(InputSpec(shape=(8, 8)),)))
    (found,) = report.findings
    assert (found.code, found.parameter) == ("IA603", "last")
    assert report.outcome is Outcome.FAIL


class Recurrent(nn.Module):
    """Calls a cell again and again, each time with an input that no layer made."""

    def __init__(self) -> None:
        super().__init__()
        self.cell, self.last = nn.RNNCell(4, 32, nonlinearity="relu"), nn.Linear(32, 2)
        nn.init.normal_(self.cell.weight_hh, std=0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        state = x.new_zeros(len(x), 32)
        for step in x.unbind(1):
            state = self.cell(step, state)
        return self.last(state)


def test_cell_whose_state_explodes_is_found_and_no_weight_of_its_inputs_blamed() -> None:
    report = signal(SignalRequest(model=Request(target=Recurrent), inputs=(InputSpec(shape=(8, 20, 4)),)))
    activations = next(one for one in report.findings if one.code == "IA601")
    assert activations.parameter == "cell"
    assert "weight_ih" not in activations.message


class Cut(nn.Module):
    """Two heads, of which the outputs hold one."""

    def __init__(self) -> None:
        super().__init__()
        self.heads = nn.ModuleList([nn.Linear(256, 8), nn.Linear(256, 8)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.stack([head(x) for head in self.heads])[1:]


def test_head_that_is_cut_off_is_a_note_where_the_inputs_were_guessed() -> None:
    model = Request(target=Cut, mode=Mode.AS_BUILT)
    for inputs, severity in (((), Severity.NOTE), (BATCH, Severity.WARNING)):
        found = signal(SignalRequest(model=model, inputs=inputs)).findings
        assert [(one.parameter, one.severity) for one in found] == [
            ("heads.0.weight", severity),
            ("heads.0.bias", severity),
        ]
        assert all("zeros arrive, whatever it holds itself" in one.message for one in found)


def test_what_a_norm_over_a_single_value_takes_away_is_told_so() -> None:
    found = probed(lambda: nn.Sequential(nn.Linear(8, 1), nn.LayerNorm(1)), inputs=SMALL).findings
    assert {one.parameter for one in found} == {"0.weight", "0.bias"}
    assert all("taken away by a norm over a single value" in one.message for one in found)


def test_loss_that_is_flat_at_the_outputs_sends_noise_back_in_its_place() -> None:
    def build() -> nn.Module:
        model = small()
        for parameter in list(model.parameters())[-2:]:
            nn.init.zeros_(parameter)
        return model

    report = signal(
        SignalRequest(
            model=Request(target=build, mode=Mode.AS_BUILT), inputs=SMALL, loss=lambda output: output.square().mean()
        )
    )
    assert report.findings == ()
    assert "the gradient of the loss is zero at what the model gives, so N(0, 1) was sent back" in report.assumed[0]


def test_model_of_which_nothing_is_trained_is_told_so() -> None:
    report = probed(lambda: small().requires_grad_(False), inputs=SMALL)
    assert report.assumed == ("no gradient was sent back: none of its parameters is to be trained",)
    assert report.gradients == ()


class Unheard(nn.Module):
    """Calls an attention and does not use what it gives."""

    def __init__(self) -> None:
        super().__init__()
        self.attention, self.last = nn.MultiheadAttention(8, 2), nn.Linear(8, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.attention(x, x, x)
        return self.last(x)


def test_projection_that_an_attention_uses_without_a_call_was_called_with_it() -> None:
    found = probed(Unheard, inputs=SMALL).findings
    assert {one.parameter for one in found} == {
        f"attention.{name}" for name, _ in Unheard().attention.named_parameters()
    }
    assert len({one.message for one in found}) == 1
    assert "nothing that the outputs depend on uses it" in found[0].message


class Squashed(nn.Module):
    """Gives the tanh of its last layer, by a function that is no module."""

    def __init__(self, write: Callable[[torch.Tensor], object]) -> None:
        super().__init__()
        self.last = nn.Linear(8, 8, bias=False)
        write(self.last.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.tanh(self.last(x))


def test_tanh_that_is_saturated_in_what_the_model_gives_is_found() -> None:
    (found,) = probed(partial(Squashed, partial(nn.init.normal_, std=3.0)), inputs=SMALL).findings
    assert (found.code, found.parameter) == ("IA604", None)
    assert "of what goes out: last gives it std" in found.message


def test_tanh_that_a_zero_layer_gives_nothing_is_none() -> None:
    assert codes(probed(partial(Squashed, nn.init.zeros_), inputs=SMALL)) == []
