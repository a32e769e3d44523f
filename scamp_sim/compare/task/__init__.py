"""One task for all rows: the same scenes, heads and budgets; accuracy over bits of a decision. Training needs torch."""
