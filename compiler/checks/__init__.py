"""What an expanded program does that its author may not have meant: hazards, traps, ranges."""
