"""What PixelRNN costs and sends, as tables and pictures."""
