"""PixelRNN as a PyTorch module, with the errors of the array in the loop."""
