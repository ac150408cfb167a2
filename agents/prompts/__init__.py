"""One Markdown file per role: what an agent is told, with holes for what it sees."""
