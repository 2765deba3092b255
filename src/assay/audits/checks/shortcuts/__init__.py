"""Check `shortcuts`: what tells the class without being content, and what is said of it."""
