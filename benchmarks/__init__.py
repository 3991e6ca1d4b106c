"""How fast the product is beside what one would otherwise write: ``python -m benchmarks``."""
