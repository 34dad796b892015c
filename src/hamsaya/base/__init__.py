"""Identifiers, UTC instants, decisions, intervals and the error tree: what every other room may import."""
