"""Sign, verify, seal, open and key ids: thin over ``cryptography``; no primitive is implemented here."""
