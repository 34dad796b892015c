"""The envelope and every message kind, parsed once at the edge into frozen values."""
