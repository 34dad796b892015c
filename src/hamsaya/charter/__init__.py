"""The charter: who the members are, what they have signed, and whether a message may pass between them."""
