"""Agency desks on the web: inboxes, their administration, who is present when, visits."""
