"""The checks: each a function from the check context to a finding and the images that it flags."""
