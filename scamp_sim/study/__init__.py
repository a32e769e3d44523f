"""Monte Carlo over chips and noise: what a program, or a network, does on many chips, and how far chips differ.

A *chip* is a serial that fixes its errors for good; a *seed* fixes, with the serial, the noise of one measurement, so
that no two chips share it; an *item* is what is measured, such as a clip. Each (chip, seed, item) is one unit of work,
whose result depends on nothing else, so that the numbers are the same on threads, on a Dask cluster, and after an
interrupt.

grid        the units, and how a user names chips and seeds
execute     carries units out, on threads
cluster     the same on Dask (extra "cluster")
store       keeps the results of units in a file
statistics  distributions and intervals
programs    the study of one program on its images
"""
