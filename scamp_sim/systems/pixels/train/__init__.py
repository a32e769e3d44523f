"""PyTorch layers and the loop that both systems train with. Its modules import torch."""
