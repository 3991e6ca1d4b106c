"""The events this service publishes, and its own reading of those it consumes."""
