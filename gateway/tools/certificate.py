"""When a certificate ends, read from the file itself: X.509 in DER (RFC 5280, 4.1), as far as that. Pure."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime

_SEQUENCE, _UTC_TIME, _GENERALIZED, _VERSION = 0x30, 0x17, 0x18, 0xA0


def not_after(pem: str) -> datetime:
    """Until when the first certificate of a PEM text is valid.

    Raises:
        ValueError: there is none, or it can't be read.
    """
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    start = pem.find(begin)
    stop = pem.find(end, start)
    if start < 0 or stop < 0:
        raise ValueError("it holds no certificate")
    der = ssl.PEM_cert_to_DER_cert(pem[start : stop + len(end)] + "\n")
    certificate = _Reader(der).inside(_SEQUENCE)
    body = certificate.inside(_SEQUENCE)
    if body.kind() == _VERSION:
        body.skip()
    for _ in ("serial number", "signature algorithm", "issuer"):
        body.skip()
    validity = body.inside(_SEQUENCE)
    validity.skip()
    return _instant(*validity.take())


class _Reader:
    """Walks over the elements of one DER value."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def kind(self) -> int:
        if self._at >= len(self._data):
            raise ValueError("it breaks off")
        return self._data[self._at]

    def take(self) -> tuple[int, bytes]:
        kind = self.kind()
        length, at = self._length(self._at + 1)
        end = at + length
        if end > len(self._data):
            raise ValueError("it breaks off")
        self._at = end
        return kind, self._data[at:end]

    def skip(self) -> None:
        self.take()

    def inside(self, kind: int) -> _Reader:
        found, content = self.take()
        if found != kind:
            raise ValueError("it isn't an X.509 certificate")
        return _Reader(content)

    def _length(self, at: int) -> tuple[int, int]:
        if at >= len(self._data):
            raise ValueError("it breaks off")
        first = self._data[at]
        if first < 0x80:
            return first, at + 1
        count = first & 0x7F
        if not 1 <= count <= 4:
            raise ValueError("it isn't DER")
        return int.from_bytes(self._data[at + 1 : at + 1 + count], "big"), at + 1 + count


def _instant(kind: int, content: bytes) -> datetime:
    text = content.decode("ascii", "replace")
    if kind == _UTC_TIME:
        # RFC 5280, 4.1.2.5.1: from 50 on it is the last century.
        text = ("19" if text[:2] >= "50" else "20") + text
    elif kind != _GENERALIZED:
        raise ValueError("it has no end")
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
