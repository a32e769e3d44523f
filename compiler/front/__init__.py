"""Source text -> syntax tree, and the messages about it: grammar, parser, names, diagnostics and their codes."""
