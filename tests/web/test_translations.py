"""The check that every text is marked and translated finds what it is for."""

from pathlib import Path

import pytest

from shared.translations import compile_stale
from shared.web import i18n_check
from shared.web.translations import catalogues
from shared.web.translations.catalogues import Catalogue

PO = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    """A project whose only text is one greeting."""
    monkeypatch.setattr(i18n_check, "ROOT", tmp_path)
    home = tmp_path / "services" / "hello"
    (home / "templates").mkdir(parents=True)
    (home / "catalogue").mkdir()
    catalogue = Catalogue("hello", (home,), home / "translations")
    (home / "templates" / "page.html").write_text("<p>{{ _('Hello %(name)s', name=name) }}</p>")
    for language, text in (("fr", "Bonjour %(name)s"), ("ar", "مرحبًا %(name)s")):
        catalogue.po(language).parent.mkdir(parents=True)
        catalogue.po(language).write_text(f'{PO}msgid "Hello %(name)s"\nmsgstr "{text}"\n', "utf-8")
    return catalogue


def page(project: Catalogue, text: str) -> list[str]:
    (project.sources[0] / "templates" / "page.html").write_text(text)
    return list(i18n_check.check(project))


def test_a_translated_project_is_fine(project: Catalogue) -> None:
    assert list(i18n_check.check(project)) == []


@pytest.mark.parametrize(
    "text",
    [
        "<p>Bonjour</p>",
        '<a title="Fermer">{{ x }}</a>',
        '<input placeholder="Nom">',
        "{% if x %}Deux mots{% endif %}",
        '{{ field("name", "Dénomination") }}',
        '{{ status("new", "Nouveau") }}',
    ],
)
def test_an_unmarked_text_is_found(project: Catalogue, text: str) -> None:
    (finding,) = page(project, text)
    assert "unmarked text" in finding


@pytest.mark.parametrize(
    "text",
    [
        '<p class="Big">{{ name }} · 12</p>',
        '<kbd>Ctrl</kbd> <span translate="no">ICE</span>',
        "<script type='application/json'>{{ data|tojson }}</script>",
        '{{ fragment("/booking/fragments/Today", name) }} {{ icon("plus") }}',
        "{# une remarque #}",
    ],
)
def test_what_nobody_reads_is_left_alone(project: Catalogue, text: str) -> None:
    assert page(project, text) == []


def test_a_missing_translation_is_found(project: Catalogue) -> None:
    findings = page(project, "{% trans %}Good bye{% endtrans %}")
    assert sorted(finding.rsplit(" has ")[1] for finding in findings) == [
        "no ar translation",
        "no fr translation",
    ]


def test_a_place_lost_in_translation_is_found(project: Catalogue) -> None:
    project.po("ar").write_text(f'{PO}msgid "Hello %(name)s"\nmsgstr "مرحبًا %(nom)s"\n', "utf-8")
    (finding,) = i18n_check.check(project)
    assert "other places in ar" in finding


def test_an_error_built_on_the_spot_is_found(project: Catalogue) -> None:
    (project.sources[0] / "rules.py").write_text('raise Conflict(f"{room} is taken")')
    (finding,) = i18n_check.check(project)
    assert "built on the spot" in finding


def test_a_name_without_arabic_is_found(project: Catalogue) -> None:
    (project.sources[0] / "catalogue" / "rooms.json").write_text('[{"name": {"fr": "Salle", "en": "Room"}}]')
    (finding,) = i18n_check.check(project)
    assert "[0].name is not in the three languages" in finding


def test_a_catalogue_is_compiled_when_it_is_newer(project: Catalogue) -> None:
    assert len(compile_stale(project.folder)) == 2
    assert compile_stale(project.folder) == []


def test_the_shell_is_translated() -> None:
    assert list(i18n_check.check(catalogues.CATALOGUES[0])) == []
