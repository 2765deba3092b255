"""Models of label noise: uniform, between pairs of classes, of whole groups, and of shifted rows."""
