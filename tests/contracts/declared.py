"""Every contract of every service, as the tests go through them."""

from shared.messaging.contracts import Contract, consumed_by, published_by
from shared.settings import SERVICES

PUBLISHED: dict[str, Contract] = {
    contract.type: contract for service in SERVICES for contract in published_by(service)
}
READINGS: list[tuple[str, Contract]] = [
    (service, contract) for service in SERVICES for contract in consumed_by(service)
]
READING_IDS = [f"{service}-reads-{contract.type}" for service, contract in READINGS]
