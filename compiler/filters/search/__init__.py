"""The searches behind `compile_filter`: exact, by chains, by evolution, by products."""
