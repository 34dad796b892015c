"""The charter as a person or a program reads it."""

from __future__ import annotations

from hamsaya.charter.rules import Compiled, in_force
from hamsaya.charter.types import CHARTER, CharterState, InstrumentView


def instruments(compiled: Compiled, state: CharterState) -> list[InstrumentView]:
    """Return every instrument in the document's order, with how many of the signatures it needs are there."""
    signed = sorted(state.signed(CHARTER, compiled.revision) & compiled.ratifiers)
    return [
        InstrumentView(
            instrument=instrument.id,
            title=instrument.title,
            purpose=instrument.purpose,
            exercise=instrument.exercise,
            in_force=in_force(compiled, state, instrument.id),
            signed_by=signed,
            needed=instrument.entry_into_force,
            retention_days=instrument.retention_days,
        )
        for instrument in compiled.document.instruments
    ]
