"""A small invented service, to exercise the web layer without any real one."""

from datetime import date
from pathlib import Path
from typing import Any

import marshmallow as ma
from flask import Blueprint, Flask, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.db import Database
from shared.errors import Conflict, InvalidFields, InvalidInput, NotFound
from shared.web import (
    ApiBlueprint,
    Cursor,
    PageQuery,
    create_app,
    current_user,
    field_errors,
    idempotent,
    not_modified_if_same,
    page,
    page_schema,
    requires,
    site_filter,
    transaction,
)
from shared.web.fields import Day, Flag, Instant, Money, Text
from shared.web.session import issue_session

NAMES = ["Oasis Fintech", "Tifawt EdTech", "Souk AI", "حلول الدار البيضاء", "Rif Logistics", "Argan Bio"]
STATES = [
    ("new", "Nouveau"),
    ("progress", "En cours"),
    ("late", "En retard"),
    ("waiting", "Pièces attendues"),
    ("done", "À retirer"),
    ("off", "Retirée"),
]


class Contact(ma.Schema):
    email = ma.fields.Email(required=True)


class NewThing(ma.Schema):
    name = Text(required=True, longest=40)
    site = ma.fields.String(validate=ma.validate.OneOf(["rabat", "casablanca"]))
    count = ma.fields.Integer(strict=True, validate=ma.validate.Range(min=1, max=9))
    on = Day()
    at = Instant()
    amount = Money()
    urgent = Flag()
    contacts = ma.fields.List(ma.fields.Nested(Contact))


class Thing(NewThing):
    id = ma.fields.String(dump_only=True)


class ThingQuery(PageQuery):
    cursor = Cursor(int)
    search = Text()


api = ApiBlueprint("things", __name__, description="Things")


@api.route("/things", methods=["POST"])
@requires("agent")
@api.arguments(NewThing)
@idempotent
@api.response(201, Thing)
def make_thing(data: dict[str, Any]) -> dict[str, Any]:
    """Make a thing."""
    if "site" in data:
        site_filter(data["site"])
    with transaction() as session:
        number = session.execute(
            text("INSERT INTO things (name) VALUES (:name) RETURNING id"), {"name": data["name"]}
        ).scalar_one()
        if data["name"] == "refused":
            raise Conflict("“%(name)s” is taken until %(on)s.", name="refused", on=date(2026, 11, 23))
    return {"id": str(number), **data}


@api.route("/things", methods=["GET"])
@requires()
@api.arguments(ThingQuery, location="query")
@api.response(200, page_schema(Thing))
def things(query: dict[str, Any]) -> dict[str, Any]:
    """List things."""
    after = query["cursor"][0] if query["cursor"] else 0
    rows = [{"id": str(n), "name": f"thing {n}"} for n in range(after + 1, 121)]
    return page(rows[: query["limit"] + 1], query["limit"], lambda row: (int(row["id"]),))


@api.route("/things/<uuid:thing_id>", methods=["GET"])
@requires()
@api.response(200, Thing)
def thing(thing_id: object) -> None:
    """Show a thing that is never there."""
    raise NotFound("There is no thing %(thing)s.", thing=thing_id)


@api.route("/failures/<kind>", methods=["POST"])
@requires()
@api.response(204)
def fail(kind: str) -> None:
    """Fail in the way asked for."""
    with transaction() as session:
        if kind == "bug":
            raise RuntimeError("secret-of-the-house")
        if kind == "out-of-range":
            session.execute(text("SELECT 99999999999::bigint::int"))
        if kind == "duplicate":
            session.execute(text("INSERT INTO things (id, name) VALUES (1, 'a'), (1, 'b')"))
        if kind == "several":
            raise InvalidFields([InvalidInput("First.", field="a"), InvalidInput("Second.", field="b")])


pages = Blueprint("pages", __name__)


def rows() -> list[dict[str, Any]]:
    return [
        {
            "no": 2055 - n,
            "who": NAMES[n % 6],
            "what": "Attestation de domiciliation",
            "tone": STATES[n % 6][0],
            "word": STATES[n % 6][1],
            "by": "Y. Benjelloun",
        }
        for n in range(16)
    ]


@pages.get("/")
@pages.get("/requests/<int:number>")
@requires()
def desk(number: int = 0) -> str:
    return render_template("desk.html", today=date(2026, 11, 23), rows=rows())


@pages.get("/rows")
@requires()
def live_rows() -> ResponseReturnValue:
    return not_modified_if_same(render_template("desk.html", today=date(2026, 11, 23), rows=rows()))


@pages.route("/new", methods=["GET", "POST"])
@requires()
def new() -> ResponseReturnValue:
    if request.method == "GET":
        return render_template("form.html", errors=[])
    problem = InvalidFields([InvalidInput("Ce champ est obligatoire", field="name")])
    problem.errors.append(InvalidInput("L’ICE comporte 15 chiffres", field="ice"))
    return render_template("form.html", errors=field_errors(problem)), 422


@pages.get("/rooms")
@requires()
def rooms() -> str:
    booking = {"space": "a", "starts": "2026-11-23T09:00", "ends": "2026-11-23T10:30", "url": "/counter/"}
    timeline = {
        "day": "2026-11-23",
        "opens": "08:00",
        "closes": "20:00",
        "spaces": [
            {"id": key, "name": name, "note": note}
            for key, name, note in [
                ("a", "Atlas", "12 · TV · visio"),
                ("b", "Rif", "8 · TV"),
                ("c", "Toubkal", "20 · visio"),
                ("d", "Auditorium", "120 · sono"),
            ]
        ],
        "bookings": [
            {**booking, "id": "1", "title": "Atlas Robotics – comité", "kind": "confirmed"},
            {**booking, "id": "2", "title": "Zellige Data (option)", "kind": "option", "space": "c"},
            {**booking, "id": "3", "title": "Maintenance", "kind": "closed", "url": "", "space": "b"},
            {**booking, "id": "4", "title": "شركة نماء – اجتماع", "kind": "event", "space": "d"},
        ],
    }
    return render_template("timeline.html", today=date(2026, 11, 23), timeline=timeline)


@pages.get("/fragments/rooms")
@requires()
def fragment_rooms() -> str:
    lines = "".join(
        f'<tr><td class="num">08:00–12:00</td><td>{name}</td><td><bdi>Atlas Robotics</bdi></td></tr>'
        for name in ("Tafilalet", "Rif", "Atlas", "Souss", "Draa")
    )
    return (
        '<div class="card-head"><h2>Salles aujourd’hui</h2>'
        '<a href="/counter/rooms">Ouvrir le planning</a></div>'
        f'<table class="list" aria-label="Salles aujourd’hui"><tbody>{lines}</tbody></table>'
    )


@pages.get("/fragments/broken")
def fragment_broken() -> str:
    raise RuntimeError("broken on purpose")


@pages.get("/sign-in")
def sign_in() -> str:
    return render_template(
        "sign_in.html",
        email="",
        next="/",
        error=None,
        demo=[("a@b.example", "Accueil")],
        provider=None,
        passwords="everybody",
    )


@pages.post("/careful-notes")
@requires()
@idempotent
def careful_note() -> ResponseReturnValue:
    """A form page that shows its error after the database has refused a statement."""
    try:
        with transaction() as session:
            session.execute(text("INSERT INTO things (name) VALUES ('half')"))
            session.execute(text("SELECT 1/0"))
    except DBAPIError:
        with transaction() as session:
            left = session.execute(text("SELECT count(*) FROM things")).scalar_one()
        return f"{left} left", 422
    return "done"


@pages.post("/notes")
@requires()
@idempotent
def note() -> ResponseReturnValue:
    with transaction() as session:
        session.execute(text("INSERT INTO things (name) VALUES (:name)"), {"name": request.form["name"]})
    return f"noted by {current_user().name}"


def make_app(database: Database | None = None) -> Flask:
    return create_app(
        "counter",
        api_blueprints=[api],
        page_blueprints=[pages],
        database=database,
        templates=Path(__file__).parent / "templates",
    )


def token(
    *roles: str, sites: tuple[str, ...] = ("rabat",), language: str = "fr", account: str = "account-1"
) -> str:
    return issue_session(
        account_id=account,
        name="Y. Benjelloun",
        email="y@technopark.example",
        roles=roles or ("agent",),
        sites=sites,
        language=language,
    ).token
