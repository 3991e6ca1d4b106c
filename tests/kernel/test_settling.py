import gc
from collections.abc import Iterator

import pytest

from shared.settling import settle


@pytest.fixture
def collector() -> Iterator[None]:
    yield
    gc.enable()
    gc.unfreeze()


@pytest.mark.usefixtures("collector")
def test_what_a_process_holds_at_its_start_is_not_gone_through_again() -> None:
    there: list[list[int]] = [[1]]
    settle()
    assert not any(found is there for found in gc.get_objects())
    came: list[list[int]] = [[2]]
    assert any(found is came for found in gc.get_objects())


@pytest.mark.usefixtures("collector")
def test_the_collector_rests_until_a_process_has_started() -> None:
    gc.disable()
    settle()
    assert gc.isenabled()
