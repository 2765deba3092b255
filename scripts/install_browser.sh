#!/usr/bin/env bash
# Install what the browser tests need, where this machine lets us: Chromium with its driver, and axe-core, which
# judges whether everybody can read the page. Neither becomes part of Assay.
AXE_VERSION=4.14.1
cd "$(dirname "$0")/.." || exit 1

install_chromium() {
    command -v chromedriver >/dev/null && return
    if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
        echo "browser tests will be skipped: install chromium and chromium-driver to run them"
        return
    fi
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium chromium-driver >/dev/null
    command -v chromedriver >/dev/null || echo "browser tests will be skipped: chromium could not be installed"
}

# npm checks the package against the hash that its registry states; nothing in it is run.
install_axe() {
    grep -qs "\"version\": \"$AXE_VERSION\"" .browser/node_modules/axe-core/package.json && return
    if ! command -v npm >/dev/null; then
        echo "the tests with axe-core will be skipped: install npm to run them"
        return
    fi
    npm install --silent --no-save --ignore-scripts --no-audit --no-fund --prefix .browser "axe-core@$AXE_VERSION" ||
        echo "the tests with axe-core will be skipped: it could not be fetched"
}

install_chromium
install_axe
