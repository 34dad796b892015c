"""What a node needs from outside, as Protocols; adapters implement them, ``node/bootstrap.py`` chooses."""
