"""Safety, identity, and knowing what one cannot know (report §4.1, §4.4, §7)."""
