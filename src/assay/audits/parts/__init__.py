"""An audit in parts: what each process measures of its images, and how parts become one audit."""
