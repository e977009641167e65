"""What a peer reads data_coding 0 as: GSM 03.38, Latin-1 or ASCII. Pure."""

from typing import Final

from sms import text
from sms.text import Encoding

_DEFAULT: Final = 0x00
_DATA_CODING: Final = {Encoding.GSM: _DEFAULT, Encoding.UCS2: 0x08}

_CODECS: Final = {"latin1": "latin-1", "ascii": "ascii"}
"""Of the alphabets that are not GSM's own."""


def encoding_over(alphabet: str, body: str, encoding: Encoding) -> Encoding:
    """Choose the encoding of a whole message; one that the alphabet cannot hold is UCS-2."""
    codec = _CODECS.get(alphabet)
    if encoding is Encoding.UCS2 or codec is None or _holds(codec, body):
        return encoding
    return Encoding.UCS2


def encode(alphabet: str, body: str, encoding: Encoding) -> bytes:
    """Write a text in the octets that the peer reads.

    Raises UnicodeEncodeError for characters that its encoding lacks.
    """
    codec = _CODECS.get(alphabet)
    if encoding is Encoding.UCS2 or codec is None:
        return text.encode(body, encoding)
    return body.encode(codec)


def decode(alphabet: str, octets: bytes, data_coding: int) -> str:
    """Read a text of the peer; an octet that is no character becomes U+FFFD.

    Half a surrogate pair stays as it is: its other half may be in the next part.
    Raises UnsupportedCoding for values of data_coding we do not read.
    """
    codec = _CODECS.get(alphabet)
    if data_coding != _DEFAULT or codec is None:
        return text.decode_part(octets, data_coding)
    return octets.decode(codec, "replace")


def data_coding_of(encoding: Encoding) -> int:
    """Name an encoding as SMPP does. Source: SMPP 3.4 §5.2.19."""
    return _DATA_CODING[encoding]


def _holds(codec: str, body: str) -> bool:
    try:
        body.encode(codec)
    except UnicodeEncodeError:
        return False
    return True
