#!/usr/bin/env bash
# Install Chromium and its driver for the browser tests, where this machine lets us.
if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
    echo "browser tests will be skipped: install chromium and chromium-driver to run them"
    exit 0
fi
apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium chromium-driver >/dev/null
command -v chromedriver >/dev/null || echo "browser tests will be skipped: chromium could not be installed"
