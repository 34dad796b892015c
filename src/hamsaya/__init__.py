"""Hamsaya: the software that a regional counter-terrorism framework between sovereign states runs on."""

__version__ = "0.1.0"
