"""What lies beside the images, or beside a table, and is not read: hints, notes, and conflicts of labels."""
