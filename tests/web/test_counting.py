"""Requests are counted by the route as it is written, and nobody outside can read the counts."""

import pytest
from flask.testing import FlaskClient

from shared import metrics as counting
from shared.web import metrics

THINGS = "/counter/api/v1/things"


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(counting._switch, "on", True)
    monkeypatch.setattr(metrics.REQUESTS, "_counted", {})
    monkeypatch.setattr(metrics.SECONDS, "_measured", {})


@pytest.mark.usefixtures("counted")
def test_routes_are_counted_as_templates_and_what_is_made_up_under_one_word(visitor: FlaskClient) -> None:
    for path in ("/counter/requests/1", "/counter/requests/2", "/counter/made-up/by/somebody"):
        visitor.get(path)
    visitor.open("/counter/health/live", method="BREW")
    route = "/counter/requests/<int:number>"
    assert metrics.REQUESTS.told() == {
        ("counter", route, "GET", "200"): 2,
        ("counter", "none", "GET", "404"): 1,
        ("counter", "none", "other", "405"): 1,
    }
    took = metrics.SECONDS.told()["counter", route]
    assert sum(took[:-1]) == 2
    assert 0 < took[-1] < 5


@pytest.mark.usefixtures("counted")
@pytest.mark.parametrize("path", ["/metrics", "/counter/metrics", "/counter/api/v1/metrics"])
def test_no_address_of_the_pages_tells_the_counts(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "guichet_http" not in answer.get_data(as_text=True)
