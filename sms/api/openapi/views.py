"""The document, served to anybody."""

from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from sms.api.formats import Format
from sms.api.renderers import RENDERERS
from sms.api.views import ApiView


class DocumentView(ApiView):
    """The OpenAPI document. It has no secrets, and tools that read it have no credentials."""

    http_method_names = ["get", "head"]
    authentication_classes = []
    permission_classes = []
    schema = None

    def perform_content_negotiation(
        self, request: Request, force: bool = False
    ) -> tuple[BaseRenderer, str]:
        """Offer JSON, whatever the prefix."""
        return RENDERERS[Format.JSON], Format.JSON.value

    def get(self, request: Request) -> Response:
        """Show the document."""
        from sms.api.openapi.document import document  # what writes it takes long to import

        return Response(document())
