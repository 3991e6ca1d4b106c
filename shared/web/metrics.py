"""What web processes count."""

from shared.metrics import Counter, Histogram

REQUESTS = Counter(
    "guichet_http_requests_total",
    "Answers, by route as it is written in the code, method and status.",
    ("service", "route", "method", "status"),
)
SECONDS = Histogram(
    "guichet_http_request_seconds",
    "Time until the answer began, by route.",
    ("service", "route"),
)

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
#: an address nobody answers at: what was asked for is not told, it could be anything
NO_ROUTE = "none"
