import pytest

from shared.messaging.contracts import Contract, consumed_by, published_by


@pytest.mark.parametrize("contract", published_by("guichet"), ids=lambda contract: contract.type)
def test_each_sample_is_what_its_schema_reads_and_writes(contract: Contract) -> None:
    assert contract.sample is not None
    assert contract.schema.dump(contract.schema.load(contract.sample)) == contract.sample


def test_only_the_startups_own_record_carries_people() -> None:
    carrying = {contract.type for contract in published_by("guichet") if "contacts" in contract.schema.fields}
    assert carrying == {"guichet.startup_registered.v1", "guichet.startup_changed.v1"}


def test_the_counter_hears_of_messages_that_failed() -> None:
    assert [contract.type for contract in consumed_by("guichet")] == ["notifications.message_failed.v1"]
