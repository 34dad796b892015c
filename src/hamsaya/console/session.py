"""Who may look: a link that works once, and the sessions it opens.

Rules
1. The link's token opens one session and is void from then on; another is made by the operator only.
2. A session is a signed statement in a cookie, not a row somewhere: its end, under a key that lives as long as the
   process. A restart ends every session.
3. The cookie's name holds the party. Browsers send cookies to every port of a host, so two nodes on one machine
   would otherwise throw each other's readers out.
4. The cookie is HttpOnly and SameSite=Strict. It is not Secure: on loopback there is no TLS to bind it to.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable

from starlette.responses import Response

from hamsaya.base.instants import HOUR, SECOND

LIFETIME = 12 * HOUR
MIN_TOKEN_CHARACTERS = 16


class Door:
    """The one-time link and the sessions it opened.

    Args:
        own: The party whose node this is.
        key: At least 16 fresh random bytes of this start; signs the sessions.
        ticks: Machine milliseconds.
    Raises:
        ValueError: the key is short, or the token is one that could be guessed.
    """

    def __init__(self, own: str, token: str, key: bytes, ticks: Callable[[], int]) -> None:
        if len(key) < 16:
            raise ValueError(f"expected a session key of at least 16 bytes, received {len(key)}")
        self.cookie = f"hamsaya-{own}"
        self._own, self._key, self._ticks = own, key, ticks
        self._token: str | None = None
        self.renew(token)

    def renew(self, token: str) -> None:
        """Make ``token`` the one link that opens a session; the one before is void."""
        if len(token) < MIN_TOKEN_CHARACTERS:
            raise ValueError(f"expected a login token of at least {MIN_TOKEN_CHARACTERS} characters")
        self._token = token

    def take(self, token: str) -> str | None:
        """Return a new session for the unused token and void it; None for any other."""
        if self._token is None or not hmac.compare_digest(token.encode(), self._token.encode()):
            return None
        self._token = None
        until = f"{self._ticks() + LIFETIME:x}"
        return f"{until}.{self._mac(until)}"

    def admits(self, session: str | None) -> bool:
        """Whether ``session`` was signed here and has not ended."""
        until, _, mac = (session or "").partition(".")
        if not hmac.compare_digest(mac.encode(), self._mac(until).encode()):
            return False
        return int(until, 16) > self._ticks()

    def _mac(self, until: str) -> str:
        return hmac.digest(self._key, f"hamsaya/v1/console-session\0{self._own}\0{until}".encode(), "sha256").hex()

    def remember(self, response: Response, session: str) -> None:
        """Give the session to the browser."""
        response.set_cookie(self.cookie, session, max_age=LIFETIME // SECOND, path="/", httponly=True,
                            samesite="strict")
