"""LeCA in PyTorch: encoder, decoder, frozen classifier, and the paper's way to train them. Needs the extra `torch`."""
