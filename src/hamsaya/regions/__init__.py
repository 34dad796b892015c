"""Region packs: folders of data that a deployment is founded on. There is no code here."""
