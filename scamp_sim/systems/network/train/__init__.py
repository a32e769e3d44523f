"""Networks in PyTorch: the trainable twin of the integer network, fine-tuning under the noise of a chip."""
