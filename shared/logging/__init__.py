"""Structured logs: JSON in production, readable lines on a terminal.

Event names are static and data goes in keywords, so that one search finds every occurrence.
What is bound to the context (``correlation_id``, ``event_id``, ``request_number``, ``service``)
stands on each line, those of libraries included. Nobody's name, number or address does.
"""

import logging
import re
import sys
from typing import Any

import orjson
import structlog
from environs import Env
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

# What broke a rule may have lines and quotation marks of its own: in JSON the cut goes to SQLAlchemy's
# statement or the end of the text; on a terminal to where either or the traceback goes on, of a repr to the
# line's end.
_DETAIL_IN_JSON = re.compile(r'\\{1,2}nDETAIL:(?:(?!\\{1,2}n\[SQL)(?:[^"\\]|\\.))*')
_DETAIL_IN_TEXT = re.compile(
    r"\\{1,2}nDETAIL:[^\n]*"
    r"|\nDETAIL:(?s:.*?)(?=\n\[SQL|\n\(Background|\n\nThe above exception|\n\nDuring handling|\Z)"
)

__all__ = ["configure", "get_logger"]


def get_logger() -> FilteringBoundLogger:
    """Return a logger; its level and form are those of :func:`configure`."""
    logger: FilteringBoundLogger = structlog.get_logger()
    return logger


def configure(service: str, process: str) -> None:
    """Set up logging once, at the start of a process.

    ``LOG_LEVEL`` (default ``INFO``) and ``LOG_FORMAT`` (``json`` or ``text``; default: text on
    a terminal, JSON otherwise) are read from the environment.
    """
    env = Env()
    level = logging.getLevelNamesMapping().get(env.str("LOG_LEVEL", "INFO").upper(), logging.INFO)
    as_json = env.str("LOG_FORMAT", "text" if sys.stderr.isatty() else "json") == "json"

    def stamp(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event.setdefault("service", service)
        event["process"] = process
        return event

    common: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        stamp,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # Local variables stay out of tracebacks: they hold passwords and personal data.
    renderers: list[structlog.typing.Processor] = (
        [
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(serializer=_to_json),
            _json_without_details,
        ]
        if as_json
        else [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
            _text_without_details,
        ]
    )
    structlog.configure(
        # Our own lines skip the standard library's logging, which would take most of their time.
        processors=[*common, *renderers],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=common,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # Their INFO lines tell of every frame or connection and would drown ours.
    for noisy in ("amqp", "kombu", "nameko", "alembic", "fontTools", "weasyprint"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # pika reports one refused connection as five errors; its exception carries the same words.
    logging.getLogger("pika").setLevel(logging.CRITICAL)


def _json_without_details(_: WrappedLogger, __: str, line: Any) -> Any:
    """Cut what PostgreSQL adds to an error: the values that broke a rule are somebody's name or address."""
    return _DETAIL_IN_JSON.sub(" DETAIL cut", line) if "DETAIL:" in line else line


def _text_without_details(_: WrappedLogger, __: str, line: Any) -> Any:
    """The same on a terminal."""
    return _DETAIL_IN_TEXT.sub(" DETAIL cut", line) if "DETAIL:" in line else line


def _to_json(value: object, **_: object) -> str:
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
