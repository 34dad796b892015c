"""The joint intelligence cell's work: one case, one question at a time, and how each ends."""
