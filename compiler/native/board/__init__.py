"""What a running program does to the board: kernels, launches and host calls, carried out on a `Machine`."""
