"""The pages and the API by which staff change what the counter offers."""
