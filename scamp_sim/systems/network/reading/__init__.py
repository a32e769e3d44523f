"""Reading networks: every source becomes the same steps (`steps`), and `fold` makes integers of them."""
