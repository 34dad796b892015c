"""Which witnesses must have cosigned a checkpoint (C2SP tlog-policy).

Rules
1. A line is ``log <vkey> [url]``, ``witness <name> <vkey> [url]``, ``group <name> all|any|<k> <member>…``,
   ``quorum <name>|none``, a comment (#) or empty; items are separated by spaces and tabs, lines end with a
   newline.
2. Names are opaque octets, defined before use, and stand in at most one group. Exactly one quorum line.
3. No key twice among the logs, none twice among the witnesses, under whatever name.
4. A checkpoint satisfies the policy when one listed log signed it under its origin and the quorum cosigned
   it.
5. With n witnesses of which f may be bad, two quorums share an honest witness when q > (n + f) / 2.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from hamsaya.base.errors import PeerError
from hamsaya.translog.checkpoint import Checkpoint, parse_checkpoint
from hamsaya.translog.cosignature import verify_note
from hamsaya.translog.note import ED25519, ED25519_COSIGNATURE, ML_DSA_44, VKey, parse_note, parse_vkey

MAX_POLICY_BYTES = 512 * 1024
MAX_NAMES = 256
_LOG_KINDS, _WITNESS_KINDS = (ED25519, ML_DSA_44), (ED25519_COSIGNATURE, ML_DSA_44)
_FORBIDDEN = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Policy:
    """``groups`` maps a name to (k, members); ``quorum`` names a witness or a group, or is None for none."""

    logs: tuple[VKey, ...]
    witnesses: Mapping[str, VKey]
    groups: Mapping[str, tuple[int, tuple[str, ...]]]
    quorum: str | None

    def check(self, unverified_note: bytes) -> Checkpoint:
        """Return the note's checkpoint once a listed log signed it and the quorum cosigned it.

        Raises:
            PeerError: malformed, a wrong line of a known key, no listed log (code ``unknown-log``), or too
                few witnesses (code ``quorum-missing``).
        """
        note = parse_note(unverified_note)
        checkpoint = parse_checkpoint(note.text)
        signed = {line.vkey for line in verify_note(note, (*self.logs, *self.witnesses.values()))}
        if not any(key in signed and key.name == checkpoint.origin for key in self.logs):
            raise PeerError("expected the signature of a log the policy lists, received none", code="unknown-log")
        present = {name for name, key in self.witnesses.items() if key in signed}
        if not self.satisfied(present):
            missing = ", ".join(sorted(set(self.witnesses) - present))
            raise PeerError(
                f"expected the quorum {self.quorum}, no valid line of: {missing}; ask them to cosign",
                code="quorum-missing",
            )
        return checkpoint

    def satisfied(self, witnesses: set[str]) -> bool:
        """Whether these witnesses, by their names in the policy, make the quorum."""
        holds = set(witnesses) & set(self.witnesses)
        for name, (needed, members) in self.groups.items():  # In order of definition: members come first.
            if sum(member in holds for member in members) >= needed:
                holds.add(name)
        return self.quorum is None or self.quorum in holds


@dataclass(slots=True)
class _Draft:
    """A policy while its lines are read."""

    logs: list[VKey] = field(default_factory=list)
    witnesses: dict[str, VKey] = field(default_factory=dict)
    groups: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    grouped: set[str] = field(default_factory=set)
    quorums: list[str] = field(default_factory=list)

    def read(self, items: list[str]) -> None:
        match items:
            case ["log", key] | ["log", key, _]:
                self.logs.append(_key(key, _LOG_KINDS, self.logs))
            case ["witness", name, key] | ["witness", name, key, _]:
                self._define(name)
                self.witnesses[name] = _key(key, _WITNESS_KINDS, self.witnesses.values())
            case ["group", name, count, *members]:
                self._group(name, count, members)
            case ["quorum", name] if name == "none" or self._known(name):
                self.quorums.append(name)
            case _:
                raise _bad("a log, witness, group or quorum line over names defined before, received another")

    def _group(self, name: str, count: str, members: list[str]) -> None:
        if not members or not all(map(self._known, members)):
            raise _bad("a group of members defined on earlier lines, received another")
        if len(set(members)) < len(members) or self.grouped & set(members):
            raise _bad("each name in at most one group, received one twice")
        needed = {"any": "1", "all": str(len(members))}.get(count, count)
        if not re.fullmatch("[1-9][0-9]{0,3}", needed) or int(needed) > len(members):
            raise _bad(f"all, any or a number from 1 to {len(members)}, received another threshold")
        self._define(name)
        self.grouped.update(members)
        self.groups[name] = int(needed), tuple(members)

    def _define(self, name: str) -> None:
        if name == "none" or self._known(name) or len(self.witnesses) + len(self.groups) >= MAX_NAMES:
            raise _bad(f"at most {MAX_NAMES} names, each defined once and none of them 'none', received another")

    def _known(self, name: str) -> bool:
        return name in self.witnesses or name in self.groups


def parse_policy(unverified_bytes: bytes) -> Policy:
    """Return the policy in ``unverified_bytes``.

    Raises:
        PeerError: a line or a key that breaks the rules (codes ``bad-policy``, ``bad-vkey``).
    """
    if len(unverified_bytes) > MAX_POLICY_BYTES or _FORBIDDEN.search(unverified_bytes):
        raise _bad("at most 512 KiB without control characters but tab and newline, received other bytes")
    *lines, tail = unverified_bytes.decode("utf-8", "surrogateescape").split("\n")
    if tail:
        raise _bad("a newline at the end of every line, received a last line without")
    draft = _Draft()
    for line in lines:
        items = re.findall(r"[^ \t]+", line)
        if items and not items[0].startswith("#"):
            draft.read(items)
    if len(draft.quorums) != 1:
        raise _bad(f"exactly one quorum line, received {len(draft.quorums)}")
    quorum_name = draft.quorums[0]
    return Policy(tuple(draft.logs), draft.witnesses, draft.groups, None if quorum_name == "none" else quorum_name)


def _key(text: str, kinds: Sequence[int], others: Iterable[VKey]) -> VKey:
    key = parse_vkey(text)
    if key.kind not in kinds:
        raise _bad(f"a key of one of the types {kinds}, received type {key.kind}")
    if any(key.public == other.public for other in others):
        raise _bad("every key once, received one twice")
    return key


def _bad(expected_received: str) -> PeerError:
    return PeerError(f"policy: expected {expected_received}", code="bad-policy")


def quorum(n: int, f: int) -> int:
    """Return the smallest q with q > (n + f) / 2: two sets of q share a witness who is not among f bad."""
    if not 0 <= f < n:
        raise ValueError(f"expected 0 <= f < n, received n={n} f={f}")
    return (n + f) // 2 + 1


def policy_text(log_keys: Sequence[VKey], witnesses: Mapping[str, Sequence[VKey]], q: int) -> str:
    """Return the policy file that asks ``q`` of ``witnesses`` to have cosigned with all of their keys.

    Args:
        log_keys: Keys of the log, see ``log_vkeys``.
        witnesses: Policy name (no spaces) to that witness's keys, see ``witness_vkeys``; at least one each.
        q: From 0 (``quorum none``) to the number of witnesses.
    """
    if not 0 <= q <= len(witnesses):
        raise ValueError(f"expected a quorum from 0 to {len(witnesses)}, received {q}")
    lines = [f"log {key.encode()}" for key in log_keys]
    for name, keys in witnesses.items():
        parts = [f"{name}.{key.kind:02x}" for key in keys]
        lines += [f"witness {part} {key.encode()}" for part, key in zip(parts, keys, strict=True)]
        lines.append(f"group {name} all {' '.join(parts)}")
    name = f"{q}-of-{len(witnesses)}" if q else "none"
    if q:
        lines.append(f"group {name} {q} {' '.join(witnesses)}")
    return "\n".join([*lines, f"quorum {name}", ""])
