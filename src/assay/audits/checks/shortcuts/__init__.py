"""Check `shortcuts`: spurious features that predict the class."""
