"""Pages: the language, the direction, what is polled, what is kept for good."""

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from shared.web.assets import Assets
from tests.web import fakes


def test_arabic_is_right_to_left(visitor: FlaskClient) -> None:
    visitor.set_cookie("lang", "ar")
    page = visitor.get("/counter/new").get_data(as_text=True)
    assert '<html lang="ar" dir="rtl">' in page
    assert "الطلبات" in page
    assert "Requests" not in page


def test_the_switch_is_remembered_and_keeps_the_page(visitor: FlaskClient) -> None:
    response = visitor.get("/counter/new?lang=en&procedure=a")
    assert response.status_code == 303
    assert response.headers["Location"] == "/counter/new?procedure=a"
    assert '<html lang="en" dir="ltr">' in visitor.get("/counter/new").get_data(as_text=True)


@pytest.mark.parametrize("path", ["//evil.example/?lang=ar", "/\\evil.example/?lang=ar"])
def test_the_switch_never_leaves_the_site(visitor: FlaskClient, path: str) -> None:
    location = visitor.get(path).headers.get("Location", "")
    assert not location.startswith(("//", "/\\", "http"))


def test_the_accounts_language_comes_before_the_browsers(client: FlaskClient) -> None:
    client.set_cookie("gu_session", fakes.token(language="ar"))
    page = client.get("/counter/new", headers={"Accept": "text/html", "Accept-Language": "en"})
    assert 'lang="ar"' in page.get_data(as_text=True)


def test_the_sign_in_page_follows_the_browser(client: FlaskClient) -> None:
    page = client.get("/counter/sign-in", headers={"Accept-Language": "ar-MA,fr;q=0.5"})
    assert "تسجيل الدخول" in page.get_data(as_text=True)
    assert "data-live-state" not in page.get_data(as_text=True)


def test_a_polled_fragment_answers_304_when_nothing_changed(visitor: FlaskClient) -> None:
    first = visitor.get("/counter/rows")
    assert first.status_code == 200
    again = visitor.get("/counter/rows", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert again.data == b""


def test_amounts_and_dates_are_written_as_the_reader_writes_them(visitor: FlaskClient) -> None:
    page = visitor.get("/counter/").get_data(as_text=True)
    assert re.search(r"12\s350,00\sMAD", page)
    assert "lundi 23 novembre 2026" in page
    visitor.set_cookie("lang", "ar")
    page = visitor.get("/counter/").get_data(as_text=True)
    assert re.search(r"12\.350,00\sد\.م\.", page)
    assert "الاثنين 23 نونبر 2026" in page


def test_no_page_holds_inline_style_or_script(visitor: FlaskClient) -> None:
    for path in ("/counter/", "/counter/new", "/counter/rooms"):
        page = visitor.get(path).get_data(as_text=True)
        assert " style=" not in page
        assert not re.search(r" on\w+=", page)
        assert not re.search(r"<script(?![^>]*\b(src|type=\"application/json\"))", page)


@pytest.fixture
def built(tmp_path: Path) -> Assets:
    """A tiny build."""
    (tmp_path / "manifest.json").write_text('{"shell.js": "shell-ABC.js"}')
    (tmp_path / "icons.json").write_text('{"plus": "<path d=\\"M1 1\\"/>", "send": "<path/>"}')
    (tmp_path / "shell-ABC.js").write_text("plain")
    (tmp_path / "shell-ABC.js.br").write_bytes(b"small")
    return Assets("/counter", tmp_path)


def test_an_asset_is_named_by_its_content(built: Assets) -> None:
    assert built.url("shell.js") == "/counter/assets/shell-ABC.js"


def test_an_asset_is_sent_compressed_and_kept(built: Assets) -> None:
    from flask import Flask

    app = Flask("assets")
    app.register_blueprint(built.blueprint(), url_prefix="/counter")
    response = app.test_client().get(built.url("shell.js"), headers={"Accept-Encoding": "gzip, br"})
    assert response.data == b"small"
    assert response.headers["Content-Encoding"] == "br"
    assert response.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert "immutable" in response.headers["Cache-Control"]
    assert app.test_client().get(built.url("shell.js")).data == b"plain"
    assert app.test_client().get("/counter/assets/../pyproject.toml").status_code == 404
    assert app.test_client().get("/counter/assets/manifest.json").status_code == 404


def test_an_icon_is_drawn_and_hidden_from_readers(built: Assets) -> None:
    assert 'aria-hidden="true"' in built.icon("plus")
    assert 'aria-label="Add &lt;"' in built.icon("plus", "Add <")
    assert "icon-directed" in built.icon("send")
    with pytest.raises(KeyError, match=r"frontend/icons\.json"):
        built.icon("unicorn")
