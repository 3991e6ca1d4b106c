"""What an installation has to bear while people work: restarts without a failure, kills without a loss."""

from concurrent.futures import ThreadPoolExecutor

from deploy.compose.clerks import Noted, at_work, disagreements
from deploy.compose.installation import PATIENCE_SECONDS, Installation, container
from deploy.local.processes import LocalError, wait_until
from deploy.local.progress import StepFailed, step
from deploy.local.story import Story, StoryFailed
from shared.settings import SERVICES

# One of each kind. The mail server, the SMS gateway and the agencies stand for the world outside.
KILLED = (
    "guichet-web",
    "guichet-relay",
    "billing-worker",
    "notifications-worker",
    "rabbitmq",
    "postgresql",
    "proxy",
    "objects",
)


def tell(installation: Installation) -> None:
    """Tell the story once, to be read."""
    installation.answers()
    try:
        Story(installation.published, certificates=installation.certificates).play()
    except StoryFailed as failure:
        raise StepFailed(str(failure)) from None


def restart_each(installation: Installation) -> None:
    """Restart every process of ours, kind after kind, all services at a time: nobody at work may notice."""
    reckoning = Reckoning(installation)
    with at_work(installation.published, installation.certificates, patient=False) as noted:
        gets_done(noted)
        for kind, number in (("web", 1), ("web", 2), ("worker", 1), ("relay", 1)):
            names = [container(service, kind, number) for service in SERVICES]
            with step(f"Restarting {kind} {number} of each service"), ThreadPoolExecutor() as hands:
                list(hands.map(installation.restart, names))
            gets_done(noted)
    reckoning.balance(noted, "rolling restart")


def kill_each(installation: Installation) -> None:
    """Kill one container of each kind; careful clients ask again, and get what they asked for once."""
    for name in KILLED:
        reckoning = Reckoning(installation)
        with at_work(installation.published, installation.certificates, patient=True) as noted:
            gets_done(noted)
            with step(f"Killing {name}"):
                installation.kill(f"{installation.settings['COMPOSE_PROJECT_NAME']}-{name}-1")
            gets_done(noted)
        reckoning.balance(noted, f"{name} killed")


class Reckoning:
    """Duplicates are counted from where they stood."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._seen_before = installation.seen_before()
        self._mails_twice = installation.published.mails_sent_twice()

    def balance(self, noted: Noted, title: str) -> None:
        """Print what happened; raise StepFailed when anything failed, was lost or was done twice."""
        with step("Holding the books against each other"):
            books = self._installation.ledger()
        wrong = disagreements(noted, books)
        seen_before = self._installation.seen_before() - self._seen_before
        mails_twice = self._installation.published.mails_sent_twice() - self._mails_twice
        answers = sum(noted.answers.values())
        print(
            f"    {title}: {answers} requests answered, {noted.asked_again} asked again, the slowest"
            f" {noted.longest_seconds:.1f} s; {len(noted.accepted)} requests filed,"
            f" {len(noted.documents)} documents handed in and opened, {noted.stories} stories;"
            f" {sum(books['events'].values())} events so far, {seen_before} delivered again and recognised,"
            f" {mails_twice} mails sent twice; {len(wrong)} wrong",
            flush=True,
        )
        if wrong:
            raise StepFailed("\n".join([f"{title}:", *wrong[:40]]))


def gets_done(noted: Noted) -> None:
    """Wait until each kind of clerk has got something done from now on."""
    stories, accepted, documents = noted.stories, len(noted.accepted), len(noted.documents)
    try:
        wait_until(
            lambda: (
                noted.stories >= stories + 2
                and len(noted.accepted) >= accepted + 3
                and len(noted.documents) >= documents + 1
            ),
            "people at work to get something done",
            seconds=PATIENCE_SECONDS,
            every=0.2,
        )
    except LocalError as error:
        raise StepFailed("\n".join([str(error), *noted.failures[:20]])) from None
