"""How labels go wrong in a set: anywhere, and from one class to another."""
