"""The pages and the API of the staff's accounts."""
