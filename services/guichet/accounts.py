"""``python -m services.guichet.accounts``: the first operator of an installation, and a way back in.

Whoever may start it in the counter's web process could change the database anyway. It prints a link by which
the account's owner chooses a password; ``PUBLIC_URL`` says where it begins.
"""

import argparse
import os
import pwd
import sys

from environs import Env

from services.guichet.domain.staff import ROLES
from services.guichet.domain.workflow import Actor
from services.guichet.storage import accounts
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.use_cases import passwords, staff
from shared.clock import now
from shared.db import Database
from shared.errors import DomainError, InvalidFields
from shared.settings import load_folder


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m services.guichet.accounts", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("add", help="open an account and print the link to choose its password")
    link = commands.add_parser("link", help="print a new link for an account there is")
    for command in (add, link):
        command.add_argument("--email", required=True)
    add.add_argument("--name", required=True)
    add.add_argument("--role", action="append", required=True, choices=[str(role) for role in ROLES])
    add.add_argument("--site", action="append", help="may be repeated; without it, every site")
    add.add_argument("--language", default="fr", choices=["fr", "ar", "en"])
    given = parser.parse_args(arguments)
    load_folder()
    database = Database.of("guichet")
    try:
        print(_add(database, given) if given.command == "add" else _link(database, given.email))
    except InvalidFields as error:
        for one in error.errors:
            print(f"{one.field}: {one}", file=sys.stderr)
        return 1
    except DomainError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        database.dispose()
    return 0


def _add(database: Database, given: argparse.Namespace) -> str:
    with database.transaction() as session:
        at = now()
        account = staff.open_account(
            session,
            email=given.email,
            name=given.name,
            language=given.language,
            roles=given.role,
            sites=given.site or catalogue_storage.current(session).sites,
            agencies=(),
            actor=_at_the_shell(),
            at=at,
        )
        return passwords.new_link(session, account.id, actor=_at_the_shell(), at=at)


def _link(database: Database, email: str) -> str:
    with database.transaction() as session:
        account = accounts.with_email(session, email)
        if account is None:
            raise staff.account_not_found()
        return passwords.new_link(session, account.id, actor=_at_the_shell(), at=now())


def _at_the_shell() -> Actor:
    name = Env().str("OPERATOR", "")
    if not name:
        # In a container the user may have a number only.
        try:
            name = pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            name = f"user {os.getuid()}"
    return Actor(f"shell:{os.getuid()}", name[: staff.LONGEST_NAME])


if __name__ == "__main__":
    sys.exit(main())
