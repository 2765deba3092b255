"""What the public functions show while they work, unless a listener is given."""
