"""Progress display of the public functions, unless a listener is given."""
