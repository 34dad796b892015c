"""Cooperative monitoring: what each party reports by area and month, and the joint picture that all share."""
