"""The world outside, behind ports: stores, HTTP, key files, formats."""
