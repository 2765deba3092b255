"""What to type where no folder and no table gives the class of each image, but something else may."""
