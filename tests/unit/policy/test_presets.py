"""The policies that come with initaudit, and a policy written out whole."""

import pytest

from initaudit.policy import presets
from initaudit.policy.reader import load_policy
from initaudit.policy.writing import as_yaml


@pytest.mark.parametrize("name", presets.names())
def test_every_preset_loads_and_says_in_a_line_what_it_is(name):
    policy = load_policy(name)
    assert policy.name == name
    assert policy.rules
    assert policy.description
    assert "\n" not in policy.description.strip()


def test_an_unknown_name_has_no_path():
    with pytest.raises(KeyError):
        presets.path("../pyproject")


def test_presets_are_listed_sorted():
    assert {"dcgan", "torch-default"} <= set(presets.names())
    assert list(presets.names()) == sorted(presets.names())
    assert all(presets.path(name).is_file() for name in presets.names())


def test_an_installed_package_brings_its_own(tmp_path, monkeypatch):
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets" / "mine.yaml").write_text("version: 1\nextends: mine\n")
    monkeypatch.setattr(presets, "_PACKAGE", tmp_path)
    presets._home.cache_clear()
    try:
        assert presets.names() == ("mine",)
        assert presets.path("mine") == tmp_path / "presets" / "mine.yaml"
    finally:
        presets._home.cache_clear()


def test_torchs_defaults_are_spelled_out():
    rules = load_policy("torch-default").rules
    assert all(rule.init.name not in ("torch_default", "unchecked") for rule in rules)
    assert all(name.startswith("torch.nn.modules.") for rule in rules for name in rule.match.module)


@pytest.mark.parametrize("name", presets.names())
def test_a_policy_written_out_reads_back_the_same(name, tmp_path):
    policy = load_policy(name)
    file = tmp_path / "whole.yaml"
    file.write_text(as_yaml(policy), encoding="utf-8")
    whole = load_policy(file)
    assert whole.attributes == policy.attributes
    assert (whole.vars, whole.ties, whole.equal) == (policy.vars, policy.ties, policy.equal)
    assert (whole.unmatched, whole.tolerance) == (policy.unmatched, policy.tolerance)
    for one, other in zip(whole.rules, policy.rules, strict=True):
        place = {"location": other.location, "inherited": other.inherited}
        assert one.model_copy(update=place) == other


def test_what_yaml_would_read_as_something_else_is_quoted(tmp_path):
    file = tmp_path / "policy.yaml"
    file.write_text(
        "version: 1\nrules:\n"
        "- {id: '1e3', match: {name: '*', parameter: ['null', yes, '0o17']}, init: unchecked,\n"
        "   reason: '2027', until: 2027-06-30, tolerance: {std: 2.5%, mean: 1e-05},\n"
        "   slices: [{index: ':, 0', init: {normal: {std: '3e-1'}}}]}\n"
    )
    written = as_yaml(load_policy(file))
    file.write_text(written)
    [rule] = load_policy(file).rules
    assert (rule.id, rule.reason) == ("1e3", "2027")
    assert rule.match.parameter == ("null", "yes", "0o17")
    assert (rule.tolerance.std.value, rule.tolerance.mean.value) == (0.025, 1e-5)
    assert rule.slices[0].init.arguments["std"].constant == 0.3


def test_a_checkout_keeps_presets_in_configs():
    assert presets.path("dcgan").parent.name in ("configs", "presets")
    assert presets.shown_path("dcgan") == "initaudit/presets/dcgan.yaml"
