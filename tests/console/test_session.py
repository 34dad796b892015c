"""The one-time link and the sessions behind it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamsaya.console.session import LIFETIME, Door

KEY = bytes(range(32))
TOKEN = "a-token-of-at-least-sixteen"


def make_door(own: str = "pk", key: bytes = KEY, now: list[int] | None = None) -> Door:
    clock = now if now is not None else [1_000]
    return Door(own, TOKEN, key, lambda: clock[0])


def test_a_link_opens_one_session() -> None:
    """Whoever finds the link in a scrollback later must find it void."""
    door = make_door()
    session = door.take(TOKEN)
    assert door.admits(session)
    assert door.take(TOKEN) is None


def test_a_wrong_token_does_not_use_up_the_link() -> None:
    """Otherwise a stranger could lock the operator out by guessing once."""
    door = make_door()
    assert door.take(TOKEN + "x") is None
    assert door.take(TOKEN) is not None


def test_a_renewed_link_voids_the_one_before() -> None:
    """An operator who makes a new link has a reason to distrust the old one."""
    door = make_door()
    door.renew("another-token-of-sixteen")
    assert door.take(TOKEN) is None
    assert door.take("another-token-of-sixteen") is not None


def test_a_session_ends() -> None:
    """A cookie copied from a disk must not open the pages for ever."""
    now = [1_000]
    door = make_door(now=now)
    session = door.take(TOKEN)
    now[0] += LIFETIME - 1
    assert door.admits(session)
    now[0] += 1
    assert not door.admits(session)


def test_a_session_is_worthless_elsewhere_and_after_a_restart() -> None:
    """Browsers send cookies to every port of a host: another node must not accept this one's."""
    session = make_door().take(TOKEN)
    assert not make_door(own="ir").admits(session)
    assert not make_door(key=bytes(32)).admits(session)
    assert make_door(own="ir").cookie != make_door().cookie


@given(st.text(max_size=80))
def test_nothing_made_up_is_admitted(value: str) -> None:
    """The cookie is a stranger's text until its signature holds; whatever it is, it raises nothing."""
    assert not make_door().admits(value)


def test_a_longer_life_cannot_be_written_into_a_session() -> None:
    """The end of a session is under the signature."""
    until, _, mac = (make_door().take(TOKEN) or "").partition(".")
    assert not make_door().admits(f"{int(until, 16) + 1:x}.{mac}")


@pytest.mark.parametrize(("token", "key"), [("short", KEY), (TOKEN, b"short"), ("", KEY)])
def test_a_guessable_token_or_key_is_refused_at_the_start(token: str, key: bytes) -> None:
    """An empty token would make the link of every node the same."""
    with pytest.raises(ValueError):
        Door("pk", token, key, lambda: 0)
