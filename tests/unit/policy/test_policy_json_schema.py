"""The JSON schema accepts what the reader accepts, and refuses by structure what the reader refuses by structure."""

import pytest
from jsonschema import Draft7Validator

from initaudit.errors import PluginError, PolicyError
from initaudit.initialisers import INITIALISERS, initialiser
from initaudit.laws import Constant
from initaudit.policy import presets, yaml12
from initaudit.policy.json_schema import json_schema
from initaudit.policy.reader import load_policy


def accepts(document) -> bool:
    return Draft7Validator(json_schema()).is_valid(document)


def reads(tmp_path, text: str) -> bool:
    file = tmp_path / "policy.yaml"
    file.write_text(text, encoding="utf-8")
    try:
        load_policy(file)
    except PolicyError:
        return False
    return True


def rule(keys: str) -> str:
    return f"version: 1\nrules:\n  - {{id: a, {keys}}}\n"


GOOD = [
    "version: 1\nextends: dcgan",
    "version: 1\nextends: dcgan\nrules: []\nties: [[a, b, c]]\nequal: [[a, b]]\nunmatched: ignore",
    "version: 1\nextends: dcgan\nvars: {n: 1, m: 2 * n}\ntolerance: {false_alarm: 1e-3, std: 1%, mean: 0.1}",
    rule("match: {name: a}, init: zeros"),
    rule("match: {module: [A, b.C], ndim: [1, 2], frozen: true, kind: buffer}, init: {zeros: {}}"),
    rule("match: {name: a}, init: {constant: 0.5}"),
    rule("match: {name: a}, init: {constant: {val: module.init}}"),
    rule("match: {name: a}, init: {xavier_normal: {gain: relu}}"),
    rule("match: {name: a}, init: {xavier_normal: {gain: sqrt(2)}}"),
    rule("match: {name: a}, init: {variance_scaling: {mode: fan_avg, distribution: uniform}}"),
    rule("match: {name: a}, init: {loaded: {file: a.pt, prefix: model.}}"),
    rule("match: {name: a}, init: {formula: i}, through: exp"),
    rule("match: {name: a}, init: unchecked, reason: x, until: 2027-06-30"),
    rule("match: {name: a}, init: {unchecked: {}}, reason: x"),
    rule("match: {name: a}, expect: {mean: [0, 1], zeros: 0.5}"),
    rule("match: {name: a}, expect: {zeros: [0, numel]}, count: 3"),
    rule("match: {name: a}, init: zeros, blocks: 3"),
    rule("match: {name: a}, init: zeros, blocks: {count: module.n, dim: -1}, fans: semantic"),
    rule("match: {name: a}, init: zeros, slices: [{index: 0, init: ones}, {index: ':, 0', expect: {min: [0, 1]}}]"),
]
BAD = [
    "[]",
    "extends: dcgan",
    "version: 2\nextends: dcgan",
    "version: '1'\nextends: dcgan",
    "version: true\nextends: dcgan",
    "version: 1",
    "version: 1\nrules: []",
    "version: 1\nextends: 3",
    "version: 1\nextends: dcgan\nfoo: 1",
    "version: 1\nextends: dcgan\nunmatched: maybe",
    "version: 1\nextends: dcgan\nties: [[a]]",
    "version: 1\nextends: dcgan\nequal: [[a, b, c]]",
    "version: 1\nextends: dcgan\nvars: {pi: 3}",
    "version: 1\nextends: dcgan\nvars: {a: true}",
    "version: 1\nextends: dcgan\nvars: {_a: 1}",
    "version: 1\nextends: dcgan\ntolerance: {std: one}",
    "version: 1\nextends: dcgan\ntolerance: {false_alarm: 1}",
    rule("init: zeros"),
    rule("match: {}, init: zeros"),
    rule("match: {name: a}"),
    rule("match: {name: []}, init: zeros"),
    rule("match: {nam: a}, init: zeros"),
    rule("match: {module: Conv*}, init: zeros"),
    rule("match: {frozen: yes}, init: zeros"),
    rule("match: {ndim: two}, init: zeros"),
    rule("match: {name: a}, init: norml"),
    rule("match: {name: a}, init: constant"),
    rule("match: {name: a}, init: {normal: {sdt: 1}}"),
    rule("match: {name: a}, init: {normal: {}, zeros: {}}"),
    rule("match: {name: a}, init: {zeros: 1}"),
    rule("match: {name: a}, init: {log_uniform: 1}"),
    rule("match: {name: a}, init: {kaiming_normal: {mode: fan}}"),
    rule("match: {name: a}, init: {normal: {std: true}}"),
    rule("match: {name: a}, init: null"),
    rule("match: {name: a}, init: unchecked"),
    rule("match: {name: a}, init: {unchecked: {}}"),
    rule("match: {name: a}, init: zeros, until: 2027-06-30"),
    rule("match: {name: a}, init: unchecked, reason: x, through: exp"),
    rule("match: {name: a}, expect: {}, reason: x"),
    rule("match: {name: a}, expect: {mean: [0]}"),
    rule("match: {name: a}, expect: {mean: [0, 1]}, through: exp"),
    rule("match: {name: a}, init: zeros, blocks: 0"),
    rule("match: {name: a}, init: zeros, blocks: {dim: 1}"),
    rule("match: {name: a}, init: zeros, slices: [{index: 0}]"),
    rule("match: {name: a}, init: zeros, slices: [{index: 0, init: ones, expect: {min: [0, 1]}}]"),
    rule("match: {name: a}, init: zeros, fans: real"),
]


@pytest.mark.parametrize("text", BAD)
def test_what_the_reader_refuses_by_structure_the_schema_refuses(tmp_path, text):
    assert not reads(tmp_path, text)
    assert not accepts(yaml12.parse(text))


@pytest.mark.parametrize("text", GOOD)
def test_what_the_reader_accepts_the_schema_accepts(tmp_path, text):
    assert reads(tmp_path, text)
    assert accepts(yaml12.parse(text))


@pytest.mark.parametrize("name", presets.names())
def test_every_preset_is_valid_by_the_schema(name):
    document = yaml12.parse(presets.path(name).read_text(encoding="utf-8"))
    assert [error.message for error in Draft7Validator(json_schema()).iter_errors(document)] == []


def test_the_schema_is_a_schema():
    Draft7Validator.check_schema(json_schema())
    assert json_schema()["$schema"] == "http://json-schema.org/draft-07/schema#"


def test_every_initialiser_is_completed_with_its_arguments_and_choices():
    alone, with_arguments = json_schema()["definitions"]["init"]["anyOf"]
    assert set(with_arguments["properties"]) == set(INITIALISERS.names())
    named = {one["const"]: one["description"] for one in alone["anyOf"]}
    assert {"zeros", "normal", "torch_default", "unchecked"} <= set(named)
    assert not {"constant", "formula", "loaded", "log_uniform", "sparse"} & set(named)
    assert all(named.values())
    form = with_arguments["properties"]["kaiming_normal"]["anyOf"][0]
    assert form["properties"]["mode"] == {"enum": ["fan_in", "fan_out"], "default": "fan_in"}


def test_a_plug_in_is_completed_too():
    @initialiser("spiky", law=lambda geometry, height: Constant(value=height))
    def spiky(tensor, height: float) -> None:
        """Raise spikes."""

    try:
        assert accepts(yaml12.parse(rule("match: {name: a}, init: {spiky: {height: 2}}")))
        assert not accepts(yaml12.parse(rule("match: {name: a}, init: spiky")))
        with pytest.raises(PluginError, match="exists already"):
            initialiser("spiky", law=spiky)(spiky)
    finally:
        INITIALISERS.discard("spiky")
