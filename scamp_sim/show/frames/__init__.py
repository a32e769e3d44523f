"""Frames in and out: one reader for pictures, folders, animations, arrays and videos; videos, strips and tables out."""
