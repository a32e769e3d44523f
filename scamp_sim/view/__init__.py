"""The live page: a program, its planes at every moment and its costs, served to a browser on this machine."""
