"""PixelRNN on many clips and chips, compared with the golden model."""
