"""What the columns of a table are for: splits, labels, groups; by their names and by what they hold."""
