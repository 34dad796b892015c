"""How sure a published rating may sound: words, from the probability and from the quantity of evidence, side by side.

Rules
1. Only a finding that speaks carries confidence. Of what nobody verified nothing is said: a probability without a
   finding would be a finding without a right of reply.
2. Two answers stay two: how probable the rating's side is, at the cautious end of its interval, and how much evidence
   there is. Neither makes up for the other, and no number is made of both.
3. Thin evidence never reads as high confidence.
"""

from __future__ import annotations

from hamsaya.base.interval import Interval
from hamsaya.compliance.posterior import Grade
from hamsaya.messages.compliance import Rating

HIGH, MODERATE = 0.9, 0.7
UNSPOKEN = "no confidence is stated: nothing has been verified"


def confidence(rating: Rating, breach: Interval, grade: Grade) -> str:
    """Return in words how sure ``rating`` is, given P(breach) and the grade of the evidence.

    Args:
        breach: P(breach) with its 90 percent interval, in [0, 1].
    """
    if rating == "U":
        return UNSPOKEN
    cautious = 1.0 - breach.high if rating == "C" else breach.low
    word = "high" if cautious >= HIGH else "moderate" if cautious >= MODERATE else "low"
    if word == "high" and grade in ("none", "thin"):
        word = "moderate"
    return f"{word} confidence; {'no' if grade == 'none' else grade} evidence"
