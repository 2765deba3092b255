"""What every other room stands on: errors, durable writes, events, text, configuration."""
