"""For each alert: figures under which it fires, figures under which it must not, and the labels it has then.

Series in the notation of promtool, a sample a minute: ``5x60`` is 5 for an hour, ``0+6x60`` grows by 6 each.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Case:
    """``fires`` and ``quiet`` are series → samples, looked at ``at`` minutes after the beginning."""

    fires: dict[str, str]
    quiet: dict[str, str]
    labels: dict[str, str] = field(default_factory=dict)
    at: int = 30
    # Besides, where one of each does not say all.
    fires_too: tuple[dict[str, str], ...] = ()
    quiet_too: tuple[dict[str, str], ...] = ()


def constant(series: str, bad: float, good: float, at: int = 30, **labels: str) -> Case:
    """A figure that is bad all the time, and one that is good all the time."""
    return Case({series: f"{bad}x{at + 10}"}, {series: f"{good}x{at + 10}"}, labels, at)


K8S = 'namespace="guichet-unique"'
ATTEMPTS = 'guichet_sender_attempts_total{service="notifications", provider="smtp", outcome="%s"}'
REQUESTS = 'guichet_http_requests_total{service="booking", route="/r", method="GET", status="%s"}'
SECONDS = 'guichet_http_request_seconds_bucket{service="booking", route="/r", le="%s"}'
ANSWERED = 'guichet_http_request_seconds_count{service="booking", route="/r"}'
DELAY = 'guichet_event_delay_seconds_bucket{service="billing", type="t", le="%s"}'
TAKEN = 'guichet_events_consumed_total{service="billing", type="t", outcome="handled"}'
WAITING = 'guichet_inbox_events{service="billing", pod="a"}'
INVOICES = 'guichet_invoices_not_created{service="billing", pod="%s"}'
CERTIFICATE = 'certmanager_certificate_expiration_timestamp_seconds{%s, name="counter"}'
LEADS = 'guichet_relay_leads{service="%s", pod="%s"}'
DOCTOR = f'{{{K8S}, job_name="doctor-29"}}'
MIGRATE = f'{{{K8S}, job_name="billing-migrate-1"}}'
DEPLOYMENT = f'{{{K8S}, deployment="billing-web"}}'
NODES = f'up{{{K8S}, pod="rabbitmq-server-%s", endpoint="%s"}}'
BILLING = {"service": "billing"}
JOB = {"namespace": "guichet-unique"}

CASES = {
    "StartupsNotTold": constant('guichet_startups_not_told_seconds{service="notifications"}', 900, 300),
    "RecordsMissing": constant('guichet_startups_without_record_seconds{service="notifications"}', 1200, 60),
    "ProviderFails": Case(
        {ATTEMPTS % "doubtful": "0+3x40", ATTEMPTS % "accepted": "0+1x40"},
        {ATTEMPTS % "deferred": "0+1x40", ATTEMPTS % "accepted": "0+3x40"},
        {"provider": "smtp"},
    ),
    "DossiersDoNotLeave": constant('guichet_dossiers_stuck_seconds{service="guichet"}', 3600, 600),
    "RequestsWithoutDesk": constant('guichet_requests_without_desk_seconds{service="guichet"}', 1000, 120),
    "RequestsOverdue": constant(
        'guichet_requests_overdue{service="guichet", site="rabat"}', 26, 25, at=90, site="rabat"
    ),
    "InvoicesNotCreated": Case(
        {INVOICES % "a": "3x4600"},
        {INVOICES % "a": "0x4600"},
        at=73 * 60,
        fires_too=(
            # Nobody told it for an hour and a half; then another relay did.
            {INVOICES % "a": "3x2000 _x2600", INVOICES % "b": "_x2090 3x2510"},
        ),
        quiet_too=(
            # For 63 hours only; and from a Prometheus that has looked for one day only.
            {INVOICES % "a": "0x600 3x4000"},
            {INVOICES % "a": "_x3000 3x1600"},
        ),
    ),
    "OptionsKeepSpaces": constant('guichet_options_lapsed_seconds{service="booking"}', 900, 70),
    "PagesAnswerWithErrors": Case(
        {REQUESTS % "200": "0+60x40", REQUESTS % "500": "0+3x40"},
        # Refusing what is not acceptable is no error.
        {REQUESTS % "200": "0+60x40", REQUESTS % "500": "0+1x40", REQUESTS % "422": "0+60x40"},
        {"service": "booking"},
    ),
    "PagesAreSlow": Case(
        {
            SECONDS % "1.0": "0+80x40",
            SECONDS % "2.5": "0+100x40",
            SECONDS % "+Inf": "0+100x40",
            ANSWERED: "0+100x40",
        },
        {
            SECONDS % "1.0": "0+98x40",
            SECONDS % "2.5": "0+100x40",
            SECONDS % "+Inf": "0+100x40",
            ANSWERED: "0+100x40",
        },
        {"service": "booking"},
    ),
    "OutboxDoesNotDrain": constant(
        'guichet_outbox_oldest_seconds{service="billing"}', 300, 3, service="billing"
    ),
    "NobodyCarriesEvents": Case(
        # Billing's both stand by; the others lead, one of them beside one that stands by.
        {
            LEADS % ("billing", "a"): "0x40",
            LEADS % ("guichet", "b"): "1x40",
            LEADS % ("guichet", "c"): "0x40",
            LEADS % ("booking", "d"): "1x40",
            LEADS % ("notifications", "e"): "1x40",
        },
        {LEADS % (service, "a"): "1x40" for service in ("billing", "guichet", "booking", "notifications")},
        BILLING,
    ),
    "BrokerDoesNotAnswer": constant('guichet_broker_answers{service="billing"}', 0, 1, service="billing"),
    "WorkerStandsStill": Case({WAITING: "5x40", TAKEN: "7x40"}, {WAITING: "5x40", TAKEN: "0+9x40"}, BILLING),
    "EventsAreLate": Case(
        {DELAY % "60.0": "0+8x60", DELAY % "300.0": "0+10x60", DELAY % "+Inf": "0+10x60"},
        {DELAY % "60.0": "0+10x60", DELAY % "300.0": "0+10x60", DELAY % "+Inf": "0+10x60"},
        BILLING,
        at=40,
    ),
    "EventsParked": constant('guichet_parked_events{service="billing"}', 1, 0, service="billing"),
    "LoopFails": Case(
        {'guichet_loop_failures_total{service="guichet", loop="tell_deadlines"}': "0+1x60"},
        {'guichet_loop_failures_total{service="guichet", loop="tell_deadlines"}': "2x60"},
        {"service": "guichet", "loop": "tell_deadlines"},
        at=50,
    ),
    "FiguresMissing": constant(
        f'up{{{K8S}, pod="billing-web-1"}}', 0, 1, namespace="guichet-unique", pod="billing-web-1"
    ),
    "CertificateEnds": Case(
        # As Prometheus keeps what an exporter in another namespace says about ours, and somebody else's.
        {CERTIFICATE % f'namespace="cert-manager", exported_{K8S}': "1000000x130"},
        {
            CERTIFICATE % f'namespace="cert-manager", exported_{K8S}': "2000000x130",
            CERTIFICATE % 'namespace="cert-manager", exported_namespace="shop"': "1000000x130",
        },
        {"name": "counter"},
        at=120,
        # Where it is told to believe the exporter (honorLabels).
        fires_too=({CERTIFICATE % K8S: "1000000x130"},),
        quiet_too=({CERTIFICATE % K8S: "2000000x130"},),
    ),
    "DoctorFoundSomething": Case(
        {f"kube_job_status_failed{DOCTOR}": "1x90", f"kube_job_status_start_time{DOCTOR}": "0x90"},
        # Of an hour ago: later ones found all in order.
        {f"kube_job_status_failed{DOCTOR}": "1x90", f"kube_job_status_start_time{DOCTOR}": "-3600x90"},
        {**JOB, "job_name": "doctor-29"},
        at=20,
    ),
    "DoctorDoesNotCome": Case(
        {f'kube_cronjob_status_last_successful_time{{{K8S}, cronjob="doctor"}}': "0x90"},
        {f'kube_cronjob_status_last_successful_time{{{K8S}, cronjob="doctor"}}': "0+60x90"},
        {**JOB, "cronjob": "doctor"},
        at=80,
    ),
    "MigrationFailed": Case(
        {f"kube_job_status_failed{MIGRATE}": "1x40"},
        {f"kube_job_status_failed{MIGRATE}": "1x40", f"kube_job_status_succeeded{MIGRATE}": "1x40"},
        {**JOB, "job_name": "billing-migrate-1"},
    ),
    "ProcessesMissing": Case(
        {
            f"kube_deployment_status_replicas_available{DEPLOYMENT}": "1x40",
            f"kube_deployment_spec_replicas{DEPLOYMENT}": "2x40",
        },
        {
            f"kube_deployment_status_replicas_available{DEPLOYMENT}": "2x40",
            f"kube_deployment_spec_replicas{DEPLOYMENT}": "2x40",
        },
        {**JOB, "deployment": "billing-web"},
    ),
    "NobodyRuns": constant(
        f"kube_deployment_status_replicas_available{DEPLOYMENT}",
        0,
        1,
        namespace="guichet-unique",
        deployment="billing-web",
    ),
    "NobodyConsumes": constant(
        'rabbitmq_detailed_queue_consumers{queue="billing.inbox"}', 0, 2, queue="billing.inbox"
    ),
    "EventsPileUp": constant(
        'rabbitmq_detailed_queue_messages_ready{queue="billing.inbox"}', 6000, 4000, queue="billing.inbox"
    ),
    "DeadLetters": constant(
        'rabbitmq_detailed_queue_messages{queue="billing.dead-letters"}', 1, 0, queue="billing.dead-letters"
    ),
    "BrokerRefusesWork": Case(
        {
            'rabbitmq_alarms_memory_used_watermark{instance="a"}': "0x40",
            'rabbitmq_alarms_free_disk_space_watermark{instance="a"}': "1x40",
        },
        {
            'rabbitmq_alarms_memory_used_watermark{instance="a"}': "0x40",
            'rabbitmq_alarms_free_disk_space_watermark{instance="a"}': "0x40",
        },
        {"instance": "a"},
    ),
    # Each node is asked twice: for itself, and for its queues.
    "BrokerNodeMissing": Case(
        {NODES % (node, end): f"{int(node < 2)}x40" for node in range(3) for end in ("node", "queues")},
        {NODES % (node, end): "1x40" for node in range(3) for end in ("node", "queues")},
    ),
    "DatabaseReplicaMissing": constant(f"cnpg_pg_replication_streaming_replicas{{{K8S}}}", 1, 2),
    "BackupTooOld": Case(
        # No backup at all is told as nought.
        {f"barman_cloud_cloudnative_pg_io_last_available_backup_timestamp{{{K8S}}}": "0x2300"},
        {f"barman_cloud_cloudnative_pg_io_last_available_backup_timestamp{{{K8S}}}": "86400x2300"},
        at=2250,
    ),
    "ArchivingFails": constant(f"cnpg_pg_stat_archiver_seconds_since_last_archival{{{K8S}}}", 1200, 100),
}
