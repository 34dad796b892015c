"""A decision: may this be done, and the clauses and reasons that made it so."""

from __future__ import annotations

from dataclasses import dataclass

from hamsaya.base.errors import PolicyRefusal


@dataclass(frozen=True, slots=True)
class Reason:
    """One ground of a decision. ``ref`` names the clause, state table or rule; ``text`` is a plain sentence."""

    ref: str
    text: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome of a rule. Closed by default: a decision without reasons cannot be made.

    ``code`` is "permitted" or the machine word of the refusal; ``obligations`` are what the caller must
    still do for the permission to hold (for example ``two-persons``).
    """

    allowed: bool
    code: str
    reasons: tuple[Reason, ...]
    obligations: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not self.reasons:
            raise ValueError("a decision needs at least one reason")

    def sentence(self) -> str:
        """Return the reasons as one plain sentence, each with its reference."""
        verdict = "permitted" if self.allowed else f"refused ({self.code})"
        return f"{verdict}: " + "; ".join(f"{r.text} [{r.ref}]" for r in self.reasons)

    def require(self) -> Decision:
        """Return self when allowed.

        Raises:
            PolicyRefusal: the decision is negative.
        """
        if not self.allowed:
            raise PolicyRefusal(self)
        return self


def permit(ref: str, text: str, *, obligations: frozenset[str] = frozenset()) -> Decision:
    """Return a positive decision with one reason."""
    return Decision(True, "permitted", (Reason(ref, text),), obligations)


def refuse(code: str, ref: str, text: str) -> Decision:
    """Return a negative decision with one reason; ``code`` is the machine word of the refusal."""
    return Decision(False, code, (Reason(ref, text),))
