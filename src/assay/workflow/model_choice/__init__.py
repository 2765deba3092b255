"""Which models a run trains: those that were asked for, or the one that the data ask for."""
