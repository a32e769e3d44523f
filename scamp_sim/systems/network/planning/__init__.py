"""From a network to programs: levels and amplitudes, what is chosen, what it becomes, and the search for the best."""
