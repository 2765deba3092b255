"""What the gates of a run came to, in the forms that pipelines read."""
