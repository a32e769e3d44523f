"""scamp-sim: the SCAMP-5 pixel-processor array, word by word."""
