"""The one register of the counter's tables."""

from shared.db import new_metadata

metadata = new_metadata()
