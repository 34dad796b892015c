"""The group ristretto255 (RFC 9496): parse, encode, add, hash to it, and sums of multiples for verification.

Rules
1. A 32-byte string is an element only in its one canonical encoding, and never the identity: ``parse`` refuses the
   rest, so an element that has been parsed needs no further check.
2. Nothing here multiplies by a secret. ``sum_of_multiples`` takes time that depends on its scalars; it serves
   verification, where scalars and elements are public. Secret multiples come from the vetted library in ``oprf``.

Whole numbers modulo p stand for field elements; a point is (X, Y, Z, T) in extended coordinates, x = X/Z, y = Y/Z,
xy = T/Z. What is left out: everything that a caller would need in order to sign or to agree on a key.

Source: RFC 9496 §4; addition and doubling from Hisil, Wong, Carter, Dawson (2008), "Twisted Edwards Curves Revisited",
§3.1 and §3.3, with a = -1; sums of multiples by Straus's method with signed odd digits, Möller (2001), "Algorithms for
Multi-exponentiation", §3.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hamsaya.base.errors import PeerError

ELEMENT_BYTES = 32
ORDER = 2**252 + 27742317777372353535851937790883648493
"""The number of elements, a prime."""

Point = tuple[int, int, int, int]
IDENTITY: Point = (0, 1, 1, 0)

_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
_D2 = 2 * _D % _P
_SQRT_M1 = pow(2, (_P - 1) // 4, _P)
_ONE_MINUS_D_SQ = (1 - _D * _D) % _P
_D_MINUS_ONE_SQ = (_D - 1) ** 2 % _P
# Of two square roots the standard names one; these are its choices (RFC 9496 §4.1).
_SQRT_AD_MINUS_ONE = 25063068953384623474111414158702152701244531502492656460079210482610430750235
_INVSQRT_A_MINUS_D = 54469307008909316920995813868745141605393597292927456921205312896311721017578


def parse(unverified_bytes: bytes) -> Point:
    """Return the element whose canonical encoding is ``unverified_bytes``.

    Raises:
        PeerError: another length, a non-canonical encoding, no element, or the identity (code ``bad-element``).
    Source: RFC 9496 §4.3.1.
    """
    s = int.from_bytes(unverified_bytes, "little")
    if len(unverified_bytes) != ELEMENT_BYTES or s >= _P or s & 1 or s == 0:
        raise _bad()
    ss = s * s % _P
    u1, u2 = 1 - ss, 1 + ss
    u2_squared = u2 * u2 % _P
    v = (-_D * u1 * u1 - u2_squared) % _P
    square, inverse = _sqrt_ratio(1, v * u2_squared % _P)
    den_x = inverse * u2 % _P
    x = _absolute(2 * s * den_x % _P)
    y = u1 * inverse % _P * den_x % _P * v % _P
    t = x * y % _P
    if not square or t & 1 or y == 0:
        raise _bad()
    return x, y, 1, t


def encode(point: Point) -> bytes:
    """Return the 32 canonical bytes of ``point``. Source: RFC 9496 §4.3.2."""
    x, y, z, t = point
    u1, u2 = (z + y) * (z - y) % _P, x * y % _P
    _, inverse = _sqrt_ratio(1, u1 * u2 * u2 % _P)
    den1, den2 = inverse * u1 % _P, inverse * u2 % _P
    z_inverse = den1 * den2 * t % _P
    if t * z_inverse % _P & 1:
        x, y, den2 = y * _SQRT_M1 % _P, x * _SQRT_M1 % _P, den1 * _INVSQRT_A_MINUS_D % _P
    if x * z_inverse % _P & 1:
        y = -y
    return _absolute(den2 * (z - y) % _P).to_bytes(ELEMENT_BYTES, "little")


def from_uniform(uniform: bytes) -> Point:
    """Return the element to which 64 uniform bytes map. Source: RFC 9496 §4.3.4."""
    if len(uniform) != 64:
        raise ValueError(f"expected 64 uniform bytes, received {len(uniform)}")
    halves = (int.from_bytes(half, "little") & (1 << 255) - 1 for half in (uniform[:32], uniform[32:]))
    first, second = (_map(half % _P) for half in halves)
    return add(first, second)


def add(first: Point, second: Point) -> Point:
    """Return the sum of two points."""
    x1, y1, z1, t1 = first
    x2, y2, z2, t2 = second
    a, b = (y1 - x1) * (y2 - x2), (y1 + x1) * (y2 + x2)
    c, d = t1 * t2 % _P * _D2, 2 * z1 * z2
    e, f, g, h = (b - a) % _P, (d - c) % _P, (d + c) % _P, (b + a) % _P
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def negate(point: Point) -> Point:
    """Return the point that adds to ``point`` to give the identity."""
    x, y, z, t = point
    return -x % _P, y, z, -t % _P


def sum_of_multiples(scalars: Sequence[int], points: Sequence[Point]) -> Point:
    """Return scalars[0]·points[0] + scalars[1]·points[1] + …; for public values only, its time tells the scalars.

    Args:
        scalars: Whole numbers in [0, ORDER), as many as points.
    """
    steps: list[list[_Ready]] = [[] for _ in range(ORDER.bit_length() + 1)]
    for scalar, point in zip(scalars, points, strict=True):
        table = _odd_multiples(point)
        for place, digit in _odd_digits(scalar):
            steps[place].append(table[digit >> 1] if digit > 0 else _opposite(table[-digit >> 1]))
    total = IDENTITY
    for step in reversed(steps):
        total = _sum(_double(total), step)
    return total


_Ready = tuple[int, int, int, int]
"""y - x, y + x, 2z, 2dt of a point: what adding it needs."""
_WINDOW_BITS = 5


def _sum(point: Point, addends: Sequence[_Ready]) -> Point:
    """Return ``point`` plus all ``addends``; these lines are where a verifier's time goes, so nothing is called."""
    x, y, z, t = point
    low = (1 << 255) - 1
    for y_less_x, y_plus_x, z2, t2d in addends:
        a, b, c, d = (y - x) * y_less_x, (y + x) * y_plus_x, t * t2d, z * z2
        e, f, g, h = b - a, d - c, d + c, b + a
        e, f = (e & low) + 19 * (e >> 255), (f & low) + 19 * (f >> 255)  # As in _squared, once: below 2^263.
        g, h = (g & low) + 19 * (g >> 255), (h & low) + 19 * (h >> 255)
        x, y, z, t = e * f % _P, g * h % _P, f * g % _P, e * h % _P
    return x, y, z, t


def _odd_multiples(point: Point) -> list[_Ready]:
    """Return 1, 3, 5 … 15 times ``point``."""
    twice = [_ready(_double(point))]
    multiples = [point]
    while len(multiples) < 1 << _WINDOW_BITS - 2:
        multiples.append(_sum(multiples[-1], twice))
    return [_ready(each) for each in multiples]


def _ready(point: Point) -> _Ready:
    x, y, z, t = point
    return y - x, y + x, 2 * z, t * _D2 % _P


def _opposite(ready: _Ready) -> _Ready:
    y_less_x, y_plus_x, z2, t2d = ready
    return y_plus_x, y_less_x, z2, -t2d


def _odd_digits(scalar: int) -> Iterator[tuple[int, int]]:
    """Yield place and digit, odd and in (-16, 16), so that ``scalar`` is the sum of digit·2^place: one place in six."""
    place, base = 0, 1 << _WINDOW_BITS
    while scalar:
        zeros = (scalar & -scalar).bit_length() - 1
        scalar, place = scalar >> zeros, place + zeros
        digit = scalar & base - 1
        if digit > base >> 1:
            digit -= base
        yield place, digit
        scalar -= digit


def _double(point: Point) -> Point:
    x, y, z, _ = point
    a, b = x * x % _P, y * y % _P
    h, g = a + b, a - b
    e, f = h - (x + y) * (x + y), 2 * z * z + g
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _map(t: int) -> Point:
    """Return the point to which the field element ``t`` maps (the Elligator map of RFC 9496 §4.3.4)."""
    r = _SQRT_M1 * t % _P * t % _P
    u = (r + 1) * _ONE_MINUS_D_SQ % _P
    v = (-1 - r * _D) * (r + _D) % _P
    square, s = _sqrt_ratio(u, v)
    c = -1
    if not square:
        s, c = -_absolute(s * t % _P), r
    n = (c * (r - 1) * _D_MINUS_ONE_SQ - v) % _P
    w0, w1, w2, w3 = 2 * s * v % _P, n * _SQRT_AD_MINUS_ONE % _P, 1 - s * s, 1 + s * s
    return w0 * w3 % _P, w2 * w1 % _P, w1 * w3 % _P, w0 * w2 % _P


def _sqrt_ratio(u: int, v: int) -> tuple[bool, int]:
    """Return whether u/v is a square, and the even root of u/v or of i·u/v. Source: RFC 9496 §4.2."""
    v3 = v * v % _P * v % _P
    root = u * v3 % _P * _to_the_p58(u * v3 % _P * v3 % _P * v % _P) % _P
    check = v * root % _P * root % _P
    if check in (-u % _P, -u * _SQRT_M1 % _P):
        root = root * _SQRT_M1 % _P
    return check in (u % _P, -u % _P), _absolute(root)


def _to_the_p58(x: int) -> int:
    """Return x^((p - 5)/8) = x^(2^252 - 3); ``xn`` stands for x^(2^n - 1)."""
    x2 = x * x % _P * x % _P
    x5 = _squared(x2, 3) * (x2 * x2 % _P * x % _P) % _P
    x10 = _squared(x5, 5) * x5 % _P
    x20 = _squared(x10, 10) * x10 % _P
    x40 = _squared(x20, 20) * x20 % _P
    x50 = _squared(x40, 10) * x10 % _P
    x100 = _squared(x50, 50) * x50 % _P
    x200 = _squared(x100, 100) * x100 % _P
    x250 = _squared(x200, 50) * x50 % _P
    return _squared(x250, 2) * x % _P


def _squared(x: int, times: int) -> int:
    """Return ``x`` squared so many times, below 2^256: not fully reduced.

    2^255 is 19 modulo p. Folding the high bits in twice takes two thirds of what the remainder would.
    """
    low = (1 << 255) - 1
    for _ in range(times):
        x *= x
        x = (x & low) + 19 * (x >> 255)
        x = (x & low) + 19 * (x >> 255)
    return x


def _absolute(x: int) -> int:
    """Return ``x`` or its negative, whichever is even as a number in [0, p)."""
    return _P - x if x & 1 else x


def _bad() -> PeerError:
    return PeerError("expected a canonical element of ristretto255 other than the identity, received other bytes",
                     code="bad-element")
