"""What a trained model consists of, as plain values."""
