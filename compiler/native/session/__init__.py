"""One run of a built program: its process, the window of the host, frames and what they cost, how it ends."""
