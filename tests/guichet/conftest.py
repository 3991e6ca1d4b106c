from hypothesis import HealthCheck, settings

# A busy two-core machine makes single examples slow without anything being wrong.
settings.register_profile("guichet", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("guichet")
