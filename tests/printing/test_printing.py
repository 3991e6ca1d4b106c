"""The mechanism every service prints with."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from shared.printing import Printer, qr_code


@pytest.fixture
def printer(tmp_path: Path) -> Printer:
    (tmp_path / "page.html").write_text(
        '{% from "print/macros.html" import named %}'
        '<html lang="{{ language }}" dir="{{ direction }}"><body>'
        "{{ fee|money }} {{ at|day }} {{ at|clock }} {{ named(name) }} {{ qr_code(name) }}",
        encoding="utf-8",
    )
    (tmp_path / "page.css").write_text("body { color: #000; }", encoding="utf-8")
    return Printer(tmp_path, tmp_path / "translations", sheet="page.css")


def values(name: str = "Atlas") -> dict[str, object]:
    # 23:30 of a winter evening in Casablanca, which is at UTC+0
    return {"fee": Decimal("1234.5"), "at": datetime(2026, 11, 23, 23, 30, tzinfo=UTC), "name": name}


@pytest.mark.parametrize(
    ("language", "direction", "money"),
    [("fr", "ltr", "1\u202f234,50\xa0MAD"), ("ar", "rtl", "د.م."), ("en", "ltr", "1,234.50\xa0MAD")],
)
def test_values_are_written_as_the_language_writes_them(
    printer: Printer, language: str, direction: str, money: str
) -> None:
    html = printer.html("page.html", language, **values())
    assert f'lang="{language}" dir="{direction}"' in html
    assert money in html.replace("\xa0234", "\u202f234")
    assert "23/11/2026 23:30" in html


def test_a_name_in_the_other_script_keeps_its_own_direction(printer: Printer) -> None:
    assert '<bdi dir="rtl">أطلس</bdi>' in printer.html("page.html", "fr", **values("أطلس"))
    assert '<bdi dir="ltr">Atlas</bdi>' in printer.html("page.html", "ar", **values())


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_a_hostile_name_is_text_and_fetches_nothing(printer: Printer, language: str) -> None:
    hostile = '<img src="file:///etc/passwd">'
    assert "<img" not in printer.html("page.html", language, **values(hostile))
    assert printer.pdf("page.html", language, **values(hostile)).startswith(b"%PDF-")


def test_a_qr_code_is_one_drawing_without_a_size_of_its_own() -> None:
    drawing = qr_code("https://guichet.example/t/" + "x" * 22)
    assert drawing.count("<svg") == 1
    assert 'viewBox="' in drawing
    assert 'width="' not in drawing.partition("<path")[0]
