"""Compliance: what was promised, what is known about it, who says so, and what was found."""
