"""What people ask of the counter: lists, searches as they are typed, one request, figures."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from sqlalchemy import text

from services.guichet.catalogue import load
from services.guichet.domain.scope import Scope
from services.guichet.domain.text import search_key
from shared.db import Database

ASKED = 60
WORDS_FR = ("Atlas", "Énergie", "Oasis", "Génie", "Réseau", "Zellige", "Médina", "Argan", "Cèdre", "Safran")
KINDS_FR = ("Robotique", "Solaire", "Santé", "Numérique", "Conseil", "Mobilité", "Données", "Sécurité")
WORDS_AR = ("الأطلس", "الواحة", "النور", "الأمل", "الريادة", "الابتكار", "المدينة", "الصحراء")
#: names that begin with this letter or a later one are written in Arabic
ARABIC = "ؠ"
#: hundreds of startups bear it and none of them has ever filed
IDLE_WORD = "Jachère"
KINDS_AR = ("للتقنية", "للطاقة", "للصحة", "للتعليم", "للاستشارة", "للبرمجيات", "للتجارة")


def kinds_of_page(database: Database, scope: Scope) -> dict[str, Callable[[int], str]]:
    """What is asked for by somebody who sees so much, by what it is called; the number is the question's."""
    known = load().catalogue
    agencies = [code for code in known.agencies if scope.serves(code)]
    with database.read() as session:
        of_all = session.execute(
            text(
                "SELECT number, ice, legal_name FROM requests JOIN startups ON startups.id = startup_id"
                " WHERE requests.site = ANY(:sites) AND agency = ANY(:agencies) AND serial % 97 = 0"
                " ORDER BY serial"
            ),
            {"sites": list(scope.sites), "agencies": agencies},
        ).all()
    samples = random.Random(7).sample(list(of_all), min(ASKED, len(of_all)))  # noqa: S311 - guards nothing; seeded, so that each run asks the same
    names = [row.legal_name for row in samples]
    french = [name for name in names if name[0] < ARABIC]
    arabic = [name for name in names if name[0] >= ARABIC]

    def search(*texts: str) -> Callable[[int], str]:
        return lambda n: f"/guichet/?search={quote(texts[n % len(texts)])}"

    def api(state: str) -> Callable[[int], str]:
        return lambda n: f"/guichet/api/v1/requests?state={state}"

    desk = next(
        one.code
        for one in known.desks.values()
        if one.site in (*scope.sites, None) and scope.serves(one.agency)
    )
    long_ago = datetime.now(UTC).date() - timedelta(days=400)
    return {
        "today's list": lambda n: "/guichet/",
        "today's list, its live part": lambda n: "/guichet/fragments/requests",
        "search by number": search(*(row.number for row in samples)),
        "search by serial": search(*(f"#{int(row.number.rpartition('-')[2])}" for row in samples)),
        "search by ICE": search(*(row.ice for row in samples)),
        "search by the middle of an ICE": search(*(row.ice[6:13] for row in samples)),
        "search by two digits": search("10", "37", "99"),
        "search by whole name, fr": search(*french),
        "search by whole name, ar": search(*arabic),
        "search by common word, fr, accents typed": search(*WORDS_FR),
        "search by common word, fr, none typed": search(*map(search_key, WORDS_FR)),
        "search by common word, ar": search(*WORDS_AR),
        "search by common word, ar, other letters": search(*map(search_key, WORDS_AR)),
        "search by the word every name has, ar": search("شركة"),
        "search by two words, fr": search(*(" ".join(name.split()[:2]) for name in french)),
        "search by two words, ar": search(*(" ".join(name.split()[1:3]) for name in arabic)),
        "search by a beginning, fr": search(*(word[:3] for word in WORDS_FR)),
        "search by a beginning, ar": search(*(word[:4] for word in WORDS_AR)),
        "search by a middle part, fr": search(*(word[1:5] for word in WORDS_FR)),
        "search by a middle part, ar": search(*(word[3:6] for word in WORDS_AR)),
        "search by a word of startups that filed nothing": search(IDLE_WORD),
        "search by one letter": search("a", "e", "ا"),
        "search that finds nothing": lambda n: f"/guichet/?search=introuvable{n}",
        "one request": lambda n: f"/guichet/requests/{samples[n % len(samples)].number}",
        "one request, its live part": lambda n: (
            f"/guichet/fragments/requests/{samples[n % len(samples)].number}?alone"
        ),
        "desk's inbox": lambda n: f"/guichet/desks/{desk}",
        "desk's inbox, what is closed": lambda n: f"/guichet/desks/{desk}?show=closed",
        "to be handed over": lambda n: "/guichet/hand-over",
        "directory": lambda n: "/guichet/startups",
        "directory, searched": lambda n: f"/guichet/startups?search={quote(WORDS_AR[n % len(WORDS_AR)])}",
        "startups while filing": lambda n: (
            f"/guichet/fragments/startups?search={quote(WORDS_FR[n % len(WORDS_FR)][:4])}"
        ),
        "API: requests": lambda n: "/guichet/api/v1/requests",
        "API: requests rejected": api("rejected"),
        "API: requests completed": api("completed"),
        "API: requests awaiting documents": api("complement_requested"),
        "API: requests that are drafts (none)": api("draft"),
        "API: requests of a day": lambda n: (
            f"/guichet/api/v1/requests?day={long_ago + timedelta(days=n)}&state=withdrawn"
        ),
        "duplicates": lambda n: "/guichet/startups/duplicates",
        "dashboard, 30 days": lambda n: "/guichet/dashboard?period=30",
        "dashboard, 13 weeks": lambda n: "/guichet/dashboard?period=90",
        "dashboard, 12 months": lambda n: "/guichet/dashboard?period=365",
    }
