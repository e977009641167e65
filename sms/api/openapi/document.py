"""The document: every route of urls.py, with what the tables say of it."""

from functools import cache
from typing import Any

from django.urls import include, path
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema

from accounts.authentication import REALM
from sms.api.openapi import schemas, text, xml
from sms.api.openapi.operations import ROUTES, TAGS
from sms.api.openapi.responses import RESPONSES
from sms.api.representation import API_VERSION, BASE


class FromTables(AutoSchema):
    """Looks an operation up, where others would ask serializers."""

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: Any
    ) -> dict[str, Any]:
        """Return the operation of a route. Raises KeyError for one that nobody described."""
        return ROUTES[path.removeprefix(BASE)][method]


@cache
def document() -> dict[str, Any]:
    """Write the document, once a process."""
    routes = [path(f"{BASE}/".lstrip("/"), include("sms.api.urls"))]
    generator = SchemaGenerator(patterns=routes)  # type: ignore[no-untyped-call]  # has no types
    return {
        "openapi": "3.1.0",
        "info": {"title": "SMS API", "version": API_VERSION, "description": text.DESCRIPTION},
        "servers": [{"url": "/"}],
        "security": [{"basicAuth": []}],
        "tags": TAGS,
        "paths": generator.parse(None, public=True),  # type: ignore[no-untyped-call]  # as above
        "components": {
            "schemas": {**schemas.SCHEMAS, **xml.SCHEMAS},
            "responses": RESPONSES,
            "securitySchemes": {
                "basicAuth": {
                    "type": "http",
                    "scheme": "basic",
                    "description": f"Realm `{REALM}`: sid or e-mail address, token or password.",
                }
            },
        },
    }
