"""The one reader of what users bring: files of any common form → chats, preference pairs, questions, documents."""
