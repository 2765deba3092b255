#!/usr/bin/env bash
# Install what the browser tests need, where this machine lets us: Chromium with its driver; axe-core, which judges
# whether everybody can read a page; and onnxruntime-web, which runs an exported model in a page. None becomes part
# of Assay.
AXE_VERSION=4.14.1
ORT_VERSION=1.30.0
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

has() {
    grep -qs "\"version\": \"$2\"" ".browser/node_modules/$1/package.json"
}

# npm checks the packages against the hashes that its registry states; nothing in them is run. Both in one call: npm
# removes what a call does not name. Where the registry cannot be reached it would try for minutes.
install_packages() {
    has axe-core $AXE_VERSION && has onnxruntime-web $ORT_VERSION && return
    if ! command -v npm >/dev/null; then
        echo "the tests with axe-core and onnxruntime-web will be skipped: install npm to run them"
        return
    fi
    npm install --silent --no-save --ignore-scripts --no-audit --no-fund --fetch-timeout 60000 \
        --fetch-retry-mintimeout 1000 --fetch-retry-maxtimeout 5000 --prefix .browser \
        "axe-core@$AXE_VERSION" "onnxruntime-web@$ORT_VERSION" ||
        echo "the tests with axe-core and onnxruntime-web will be skipped: they could not be fetched"
}

install_chromium
install_packages
