"""C++ files -> a program: the header, compilers, what they say, what was built before. Nothing here runs it."""
