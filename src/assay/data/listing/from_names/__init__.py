"""What names of files and folders tell besides classes: splits, and clips of one class."""
