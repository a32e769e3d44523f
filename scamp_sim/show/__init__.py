"""What people look at: pictures, listings, results in words, pages."""
