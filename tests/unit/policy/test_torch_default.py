"""`torch-default` says what torch's own modules draw: each is built by torch and judged by the preset."""

import math

import pytest
import torch
from torch import nn

import initaudit
from initaudit.policy.reader import load_policy
from initaudit.values import Outcome

MODULES = {
    "linear": lambda: nn.Linear(300, 200),
    "bilinear": lambda: nn.Bilinear(40, 30, 20),
    "conv1d": lambda: nn.Conv1d(24, 36, 5, groups=4),
    "conv2d": lambda: nn.Conv2d(16, 64, (3, 5)),
    "conv3d": lambda: nn.Conv3d(6, 12, 3),
    "conv_transpose1d": lambda: nn.ConvTranspose1d(24, 600, 4, groups=2),
    "conv_transpose2d": lambda: nn.ConvTranspose2d(8, 400, 3, stride=2),
    "conv_transpose3d": lambda: nn.ConvTranspose3d(6, 400, 2),
    "embedding": lambda: nn.Embedding(50, 60),
    "embedding_with_padding": lambda: nn.Embedding(50, 60, padding_idx=-2),
    "embedding_bag_with_padding": lambda: nn.EmbeddingBag(50, 60, padding_idx=0),
    "batch_norm1d": lambda: nn.BatchNorm1d(7),
    "batch_norm2d": lambda: nn.BatchNorm2d(7),
    "batch_norm3d": lambda: nn.BatchNorm3d(7, affine=False),
    "sync_batch_norm": lambda: nn.SyncBatchNorm(7),
    "instance_norm": lambda: nn.InstanceNorm2d(7, affine=True, track_running_stats=True),
    "layer_norm": lambda: nn.LayerNorm((3, 4)),
    "group_norm": lambda: nn.GroupNorm(2, 8),
    "rms_norm": lambda: nn.RMSNorm(9),
    "rnn": lambda: nn.RNN(20, 30, num_layers=2),
    "lstm": lambda: nn.LSTM(20, 30, bidirectional=True, proj_size=10),
    "gru": lambda: nn.GRU(20, 30, bias=False),
    "rnn_cell": lambda: nn.RNNCell(20, 30),
    "lstm_cell": lambda: nn.LSTMCell(20, 30),
    "gru_cell": lambda: nn.GRUCell(20, 30),
    "attention": lambda: nn.MultiheadAttention(64, 4),
    "attention_with_other_keys": lambda: nn.MultiheadAttention(64, 4, kdim=48, vdim=32, add_bias_kv=True),
    "transformer_layer": lambda: nn.TransformerEncoderLayer(64, 4, 128),
    "prelu": lambda: nn.PReLU(5, init=0.1),
    "adaptive_softmax": lambda: nn.AdaptiveLogSoftmaxWithLoss(40, 200, [20, 60], head_bias=True),
}


@pytest.fixture
def policy(tmp_path, monkeypatch):
    """Extend the preset, so that a rule for another module than the one at hand is no finding."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policy.yaml").write_text("version: 1\nextends: torch-default\n")
    return "policy.yaml"


@pytest.mark.parametrize("name", MODULES)
def test_what_torch_draws_passes(policy, name):
    report = initaudit.audit(MODULES[name], policy, as_built=True)
    assert [f"{one.code} {one.parameter}: {one.message}" for one in report.findings if one.severity == "error"] == []
    assert {row.outcome for row in report.rows} == {Outcome.PASS}
    assert all(row.rule for row in report.rows)


@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
def test_the_bias_of_a_layer_without_inputs_is_zero(policy):
    report = initaudit.audit(lambda: nn.Linear(0, 4), policy)
    assert [(row.name, row.outcome) for row in report.parameters] == [
        ("weight", Outcome.SKIP),
        ("bias", Outcome.PASS),
    ]
    assert report.parameters[1].expected.law == "U(0, 0)"


def test_every_module_of_torch_that_has_parameters_is_here():
    built = {type(module) for build in MODULES.values() for module in build().modules()}
    same = (nn.InstanceNorm1d, nn.InstanceNorm3d, nn.RNNBase, nn.RNNCellBase)
    redrawing = (nn.Transformer,)  # what its parts drew is drawn over, which no rule for a module can say
    missing = []
    for name in dir(nn):
        kind = getattr(nn, name)
        if not isinstance(kind, type) or not issubclass(kind, nn.Module) or name.startswith("Lazy"):
            continue
        draws = {"reset_parameters", "_reset_parameters"} & {key for base in kind.__mro__ for key in vars(base)}
        if draws and kind not in {*built, *same, *redrawing}:
            missing.append(name)
    assert missing == []


def test_a_wrong_draw_does_not_pass(policy):
    def build():
        module = nn.Linear(300, 200)
        nn.init.normal_(module.weight, std=1 / math.sqrt(900))
        return module

    report = initaudit.audit(build, policy, as_built=True)
    assert {one.parameter for one in report.findings if one.severity == "error"} == {"weight"}


def test_a_padding_row_that_is_not_zero_does_not_pass(policy):
    def build():
        module = nn.Embedding(50, 60, padding_idx=3)
        with torch.no_grad():
            module.weight[3].fill_(0.5)
        return module

    report = initaudit.audit(build, policy, as_built=True)
    assert "IA207" in {one.code for one in report.findings}


@pytest.mark.parametrize(("module", "share"), [(nn.Linear(9, 4), 9), (nn.ConvTranspose2d(8, 6, 3, groups=2), 27)])
def test_the_bounds_of_a_bias_are_those_of_torch(module, share):
    local = "transposed-convolution-bias" if isinstance(module, nn.ConvTranspose2d) else "linear-bias"
    [rule] = [rule for rule in load_policy("torch-default").rules if rule.id == local]
    names = ("in_features", "out_channels", "groups", "kernel_size")
    scope = {f"module.{name}": getattr(module, name) for name in names if hasattr(module, name)}
    fan_in, _ = nn.init._calculate_fan_in_and_fan_out(module.weight)
    assert fan_in == share
    assert rule.init.arguments["b"].evaluate(scope) == pytest.approx(1 / math.sqrt(fan_in))
    assert rule.init.arguments["a"].evaluate(scope) == pytest.approx(-1 / math.sqrt(fan_in))
