"""What the story invents is acceptable, whatever it draws."""

import phonenumbers
import pytest

from deploy.local import story


@pytest.mark.parametrize("draw", [0, 1, 3_012_345, 8_300_000, 9_999_999])
def test_an_invented_telephone_number_can_be_called(draw: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story.secrets, "randbelow", lambda _limit: draw)
    assert phonenumbers.is_valid_number(phonenumbers.parse(story.invented_phone()))


@pytest.mark.parametrize("draw", [0, 1, 10**12 - 1])
def test_an_invented_ice_has_its_check_digits(draw: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story.secrets, "randbelow", lambda _limit: draw)
    ice = story.invented_ice()
    assert len(ice) == 15
    assert int(ice) % 97 == 0
