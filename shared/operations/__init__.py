"""What operators see of a service and do about it, the same on the page, in the API and in the shell.

``figures`` reads, ``sentences`` says, ``actions`` does and records it in ``audit``; ``masking`` hides
people. Each service adds its own words in ``services/<name>/operations.py``: see ``ServiceOperations``.
"""

from shared.operations.service import ServiceOperations, operations_of

__all__ = ["ServiceOperations", "operations_of"]
