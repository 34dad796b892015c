"""Linkage: what compliance costs, what benefits must be worth, and how a benefit follows conduct."""
