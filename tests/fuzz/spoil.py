"""How octets are broken."""

import itertools
import random

TREATS = (
    *(b"\0", b"\r\n", b"\r\n\r\n", b"\n", b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\xaf", b"%00", b"%"),
    *(b"%ED%A0%80", b"'", b'"', b"<", b">", b"&", b";", b",", b"=", b":", b"@", b"..", b"/"),
    *(b"-1", b"0", b"99999999999999999999", b"1e9", b"NaN", b"\xe2\x80\xae", b"A" * 300),
    *("\N{GRINNING FACE}".encode(), "\u0661\u0662".encode(), " \u00a0\u2028".encode(), b"\x1b[2J"),
)
"""What readers stumble over."""


def spoiled(octets: bytes, chance: random.Random, *, times: int = 3) -> bytes:
    """Flip, cut, double, move or insert a few octets."""
    data = bytearray(octets)
    for _ in range(chance.randint(1, times)):
        at = chance.randrange(len(data) + 1)
        upto = min(at + chance.randint(1, 12), len(data))
        match chance.randrange(6):
            case 0 if at < len(data):
                data[at] = chance.randrange(256)
            case 1:
                del data[at:upto]
            case 2:
                data[at:at] = chance.choice(TREATS)
            case 3:
                data[at:at] = data[at:upto] * chance.choice((1, 2, 40))
            case 4 if chance.random() < 0.3:
                del data[at:]
            case _:
                data[at:at] = chance.randbytes(chance.randint(1, 4))
    return bytes(data)


def pieces(octets: bytes, chance: random.Random) -> list[bytes]:
    """Cut octets as a network might; mostly not at all."""
    if chance.random() < 0.7 or len(octets) < 2:
        return [octets]
    cuts = sorted({0, len(octets), *(chance.randrange(len(octets)) for _ in range(4))})
    return [octets[one:two] for one, two in itertools.pairwise(cuts)]
