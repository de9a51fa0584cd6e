"""Fingerprints that match: what is alike is found whatever hides it, and what is not does not match by chance."""

import random

import pytest

from initaudit.chance.likeness import BITS, Fingerprint, Groups, Likeness, Rises, matches

ALL = (1 << BITS) - 1


def of(bits: int, *, length: int = BITS, ties: int = 0, turned: int | None = None) -> Fingerprint:
    return Fingerprint(
        digest=0,
        count=2 * length,
        rises=Rises(bits=bits, length=length, ties=ties),
        turned=None if turned is None else Rises(bits=turned, length=length),
    )


def drawn(seed: int) -> int:
    return random.Random(seed).getrandbits(BITS)


def noisy(bits: int, share: float, seed: int) -> int:
    flips = random.Random(seed)
    return bits ^ sum(1 << place for place in range(BITS) if flips.random() < share)


def found(*fingerprints: Fingerprint, alpha: float = 1e-6) -> list[Likeness]:
    return matches(fingerprints, [True] * len(fingerprints), alpha)


def test_independent_draws_do_not_match() -> None:
    assert found(*(of(drawn(seed)) for seed in range(2000)), alpha=1e-3) == []


@pytest.mark.parametrize("share", [0.0, 0.1, 0.25, 0.9, 1.0])
def test_a_copy_with_noise_or_of_the_other_sign_is_found_among_many(share: float) -> None:
    many = [of(drawn(seed)) for seed in range(300)]
    (match,) = found(*many, of(noisy(drawn(7), share, 1)))
    assert (match.first, match.second) == (7, 300)
    assert match.agreement == pytest.approx(1 - share, abs=0.05)


def test_correlation_is_that_of_normal_variables_that_rise_together() -> None:
    assert Likeness(first=0, second=1, agreement=1.0).correlation == 1
    assert Likeness(first=0, second=1, agreement=0.5).correlation == 0
    assert Likeness(first=0, second=1, agreement=2 / 3).correlation == pytest.approx(0.5)


def test_a_turned_copy_is_found() -> None:
    first, second = of(drawn(1), turned=drawn(2)), of(drawn(3), turned=drawn(1))
    (match,) = found(of(drawn(9)), first, second)
    assert (match.first, match.second, match.turned) == (1, 2, True)


def test_a_tensor_does_not_match_itself_turned() -> None:
    assert found(of(drawn(1), turned=drawn(1)), of(drawn(2))) == []


def test_a_common_start_is_found_in_tensors_of_different_size() -> None:
    short = of(drawn(1) & (1 << 200) - 1, length=200)
    (match,) = found(of(drawn(1)), of(drawn(2)), short)
    assert (match.first, match.second, match.agreement) == (0, 2, 1.0)


def test_few_values_say_nothing() -> None:
    assert found(of(0b1011, length=4), of(0b1011, length=4)) == []


@pytest.mark.parametrize(("length", "matching"), [(20, 0), (22, 0), (23, 1), (26, 1), (40, 1)])
def test_as_few_values_are_enough_as_fair_coins_seldom_all_agree_on(length: int, matching: int) -> None:
    bits = drawn(3) & (1 << length) - 1
    assert len(found(of(bits, length=length), of(bits, length=length))) == matching


def test_ties_count_for_nothing() -> None:
    flat = Rises(bits=0, length=BITS, ties=BITS)
    assert found(*(Fingerprint(digest=0, count=2 * BITS, rises=flat) for _ in range(2))) == []


def test_one_of_two_must_be_made_of_independent_draws() -> None:
    same = [of(drawn(1)), of(drawn(1))]
    assert matches(same, [False, False], 1e-6) == []
    assert len(matches(same, [False, True], 1e-6)) == 1


def test_many_alike_are_connected_by_one_match_less_than_there_are() -> None:
    many = [of(noisy(drawn(1), 0.05, seed)) for seed in range(200)]
    groups = Groups(len(many))
    matched = found(*many)
    for match in matched:
        groups.join(match.first, match.second)
    assert len(matched) == len(many) - 1
    assert groups.several() == [list(range(len(many)))]


def test_some_alone_are_connected_without_the_others() -> None:
    alike = [of(noisy(drawn(1), 0.1, seed)) for seed in range(4)]
    found = matches(alike, [True] * 4, 1e-6, among=[1, 3])
    assert [(one.first, one.second) for one in found] == [(1, 3)]
    assert Groups(4, found).several() == [[1, 3]]


def test_nothing_and_one_alone_match_nothing() -> None:
    assert found() == []
    assert found(of(drawn(1))) == []


def test_groups_grow_together_under_their_first() -> None:
    groups = Groups(6)
    assert groups.join(4, 2)
    assert groups.join(5, 4)
    assert not groups.join(2, 5)
    assert groups.find(5) == 2
    assert groups.several() == [[2, 4, 5]]
