"""Two runs beside each other: which results moved, by how much, and because of what."""
