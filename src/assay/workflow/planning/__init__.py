"""What a command was asked to do, resolved before any work starts."""
