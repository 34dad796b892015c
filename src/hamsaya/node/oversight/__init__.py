"""What a member's node tells the party that oversees it, and what that party's node makes of it."""
