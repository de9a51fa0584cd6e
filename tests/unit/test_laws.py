"""Laws at the edge of what they say."""

import pytest

from initaudit.laws import Law, Normal, Uniform


@pytest.mark.parametrize("law", [Normal(mean=0.5, std=0.0), Uniform(low=0.5, high=0.5)], ids=str)
def test_law_without_any_spread_has_all_of_its_draws_in_one_place(law: Law) -> None:
    assert isinstance(law, Normal | Uniform)
    assert law.share(0.0, 1.0) == law.share(0.5, 0.5) == 1.0
    assert law.share(0.6, 1.0) == 0.0
