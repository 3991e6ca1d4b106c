"""Faults of ``reliability``: each is provoked for real and ends with the ledger check."""
