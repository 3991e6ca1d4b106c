"""What users, events and timers do: load, decide, save, say so."""
