"""Looks at the manifests, the compose file and the Dockerfile without a cluster: ``make manifests``."""
