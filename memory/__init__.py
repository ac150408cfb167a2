"""What the desk learned and how it is recalled."""
