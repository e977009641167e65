"""An XML document from anywhere: no declaration of types or entities, no network, bounds."""

import xml.etree.ElementTree as plain  # nosec B405
from xml.etree.ElementTree import Element, TreeBuilder  # nosec B405

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from sms.rcml.steps import Unusable

MAX_DEPTH = 8
MAX_ELEMENTS = 500


class _OutOfBounds(ValueError):
    """The document is larger than anybody would write it."""


class _Builder(TreeBuilder):
    """Builds a tree that is neither deep nor wide."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = self._count = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        """Open an element."""
        self._depth += 1
        self._count += 1
        if self._depth > MAX_DEPTH:
            raise _OutOfBounds(f"deeper than {MAX_DEPTH} elements")
        if self._count > MAX_ELEMENTS:
            raise _OutOfBounds(f"more than {MAX_ELEMENTS} elements")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        """Close an element."""
        self._depth -= 1
        return super().end(tag)


def read_document(octets: bytes, *, is_utf8: bool = False) -> Element:
    """Parse a document; with `is_utf8` whatever encoding it declares is wrong.

    Raises Unusable.
    """
    parser = DefusedXMLParser(
        target=_Builder(), forbid_dtd=True, encoding="utf-8" if is_utf8 else None
    )
    try:
        parser.feed(octets)
        root: Element = parser.close()
    except DefusedXmlException as error:
        # Their texts quote the document; the names of their classes say what it was.
        raise Unusable(f"12100 not accepted in XML: {type(error).__name__}") from error
    except _OutOfBounds as error:
        raise Unusable(f"12100 the answer is {error}") from error
    except plain.ParseError as error:
        raise Unusable(f"12100 malformed XML: {error}"[:200]) from error
    except (LookupError, ValueError) as error:
        raise Unusable("12100 the XML's encoding is not known") from error
    return root
