"""Files in place of images that are not read: what each is, and the way on."""
