"""The error tree. Each branch answers one question: who must act?

HamsayaError
├── PeerError        their bytes are wrong: nothing changed here, the refusal is recorded, they must send other bytes
│   └── RetryLater   their bytes may be right, but not yet: resend the same bytes after a while
├── PolicyRefusal    a decision with reasons: a person must change the request or the charter
├── OperatorError    our set-up is wrong: the operator of this node must act
└── StoreError       our disk or database refused: nothing was lost, the operator must make room or repair

A caller's mistake stays ``ValueError`` or ``RuntimeError``. Messages say what was expected, what was
received and the next step; keys, passphrases and case content never appear in one. HTTP status numbers
belong to the faces.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hamsaya.base.decision import Decision


class HamsayaError(Exception):
    """Root of the tree. ``code`` is a stable, lower-case, dashed word for machines and translations."""

    code = "error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


class PeerError(HamsayaError):
    """What arrived from outside is malformed, forged, stale or not for us."""

    code = "malformed"


class RetryLater(PeerError):
    """What arrived may be admissible later; the sender should resend the identical bytes."""

    code = "retry-later"


class PolicyRefusal(HamsayaError):
    """The charter or a core's rules refuse this act. ``decision`` carries every reason."""

    code = "refused"

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision.sentence(), code=decision.code)
        self.decision = decision


class OperatorError(HamsayaError):
    """This node is not set up to do that: a missing file, a wrong passphrase, an old library."""

    code = "operator"


class StoreError(HamsayaError):
    """The store could not keep what it was given; the transaction was rolled back."""

    code = "store"
