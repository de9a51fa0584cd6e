"""The whole `check` against the script that a user would write: build, `apply`, `mean` and `std` of every parameter.

By hand: `python tests/benchmarks/whole_check.py [--runs 5] [dcgan resnet50 gpt2_xl]`.
"""

import argparse

from timing import compare

CASES = {
    "dcgan": ("initaudit.examples.dcgan:Generator", "dcgan", "initialise_dcgan"),
    "resnet50": ("models:ResNet50", "resnet50.yaml", "initialise_resnet"),
    "gpt2_xl": ("models:InitialisedGPT2XL", "gpt2_xl.yaml", "initialise_gpt2"),
}


def main():
    options = argparse.ArgumentParser()
    options.add_argument("cases", nargs="*", default=["dcgan", "resnet50"])
    options.add_argument("--runs", type=int, default=5)
    chosen = options.parse_args()
    for case in chosen.cases:
        target, policy, init = CASES[case]
        module, _, name = target.partition(":")
        script = f"from {module} import {name} as build; from models import by_hand, {init}; by_hand(build, {init})"
        for mode in ([], ["--as-built"]):
            command = ["-m", "initaudit", "check", target, "--policy", policy, "--all", *mode]
            compare(f"check {case} {' '.join(mode)}", command, ["-c", script], chosen.runs)


main()
