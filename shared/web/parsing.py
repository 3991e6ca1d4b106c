"""Reading what a client sends, strictly: the API blueprint and its parser."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NoReturn
from urllib.parse import unquote_to_bytes

import marshmallow as ma
import orjson
from flask import Request, abort, request
from flask_smorest import Blueprint
from flask_smorest.utils import resolve_schema_instance
from webargs.flaskparser import FlaskParser, is_json_request

from shared.errors import N_, InvalidFields, InvalidInput
from shared.messaging.reading import read
from shared.web.validation import fields_at_fault

NUL_IN_JSON = b"\\u0000"


class MalformedBody(InvalidInput):
    """The body is not JSON at all."""

    status = 400


class StrictParser(FlaskParser):  # type: ignore[misc] # webargs has no stubs here
    """Unknown fields are refused everywhere, and so is text the database cannot hold."""

    DEFAULT_UNKNOWN_BY_LOCATION: ClassVar[dict[str, str | None]] = {
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "json": ma.RAISE,
        "query": ma.RAISE,
        "querystring": ma.RAISE,
        "form": ma.EXCLUDE,
    }

    def load_json(self, req: Request, schema: ma.Schema) -> Any:
        """Return the parsed body; an absent one counts as ``{}``."""
        raw = req.get_data(cache=True)
        if req.content_length is None and len(raw) >= (req.max_content_length or len(raw) + 1):
            # A body sent in chunks announces no length; reading stopped at the limit.
            abort(413)
        if not raw and not req.mimetype:
            return {}
        if not is_json_request(req):
            abort(415)
        if not raw:
            return {}
        try:
            data = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise MalformedBody(
                N_("The body is not valid JSON in UTF-8 (line %(line)s, column %(column)s)."),
                line=error.lineno,
                column=error.colno,
            ) from error
        if NUL_IN_JSON in raw:
            faults = [InvalidInput(N_("NUL characters are not allowed."), field=f) for f in _with_nul(data)]
            if faults:
                raise InvalidFields(faults)
        return data

    def _process_location_data(
        self,
        location_data: Any,
        schema: ma.Schema,
        req: Request,
        location: str,
        unknown: str | None,
        validators: Any,
    ) -> Any:
        """Have a body that is in order read the short way, which events are read by, too."""
        usual = location == "json" and unknown not in (ma.EXCLUDE, ma.INCLUDE) and not validators
        if usual and schema.unknown == ma.RAISE and type(location_data) is dict:
            return read(schema, location_data)
        return super()._process_location_data(location_data, schema, req, location, unknown, validators)

    def load_querystring(self, req: Request, schema: ma.Schema) -> Any:
        """Return the query parameters."""
        if b"%" in req.query_string:
            try:
                text = unquote_to_bytes(req.query_string).decode()
            except UnicodeDecodeError as error:
                raise InvalidInput(N_("This text is not valid UTF-8."), field="query") from error
            if "\x00" in text:
                raise InvalidInput(N_("NUL characters are not allowed."), field="query")
        return super().load_querystring(req, schema)

    def handle_error(
        self,
        error: ma.ValidationError,
        req: Request,
        schema: ma.Schema,
        *,
        error_status_code: int | None,
        error_headers: Mapping[str, str] | None,
    ) -> NoReturn:
        """Turn marshmallow's findings into ours, without the location around them."""
        messages: Any = error.normalized_messages()  # type: ignore[no-untyped-call]
        if len(messages) == 1:
            (location,) = messages
            if location in self.__location_map__:
                messages = messages[location]
        raise fields_at_fault(messages) from error


class ApiBlueprint(Blueprint):  # type: ignore[misc] # flask-smorest is untyped
    """A flask-smorest blueprint with the strict parser; every API blueprint is one of these."""

    ARGUMENTS_PARSER = StrictParser()

    def arguments(self, schema: Any, **kwargs: Any) -> Callable[..., Any]:
        """Parse with ``schema``, instantiated here once: webargs would do so at each request."""
        decorate: Callable[..., Any] = super().arguments(resolve_schema_instance(schema), **kwargs)
        return decorate


def refuse_nul_in_path() -> None:
    """Refuse a path that holds a NUL: no identifier does, and PostgreSQL would fail on it."""
    if "\x00" in request.path:
        raise InvalidInput(N_("NUL characters are not allowed."), field="path")


def _with_nul(value: Any, path: str = "") -> list[str]:
    if isinstance(value, str):
        return [path or "body"] if "\x00" in value else []
    if isinstance(value, list):
        return [f for index, item in enumerate(value) for f in _with_nul(item, f"{path}[{index}]")]
    if isinstance(value, dict):
        found = []
        for key, item in value.items():
            place = f"{path}.{key}" if path else key
            if "\x00" in key:
                found.append(path or "body")
            found += _with_nul(item, place)
        return found
    return []
