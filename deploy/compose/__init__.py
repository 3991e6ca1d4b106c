"""What docker-compose.yml runs besides the product itself."""
