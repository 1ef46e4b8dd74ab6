"""One command a file; each module has its Click command as `command`, and imports what is heavy inside it."""
