#!/usr/bin/env bash
# Installs what the tests need beyond npm packages, where it is missing.
set -euo pipefail

if [[ -n ${CHROMIUM_PATH:-} && ! -x $CHROMIUM_PATH ]]; then
	echo "setup: CHROMIUM_PATH is $CHROMIUM_PATH, but no executable is there." >&2
	exit 1
fi

chromium=${CHROMIUM_PATH:-/usr/bin/chromium}
if [[ -x $chromium ]]; then
	echo "setup: Chromium is there ($chromium)."
	exit
fi

if ! command -v apt-get >/dev/null; then
	echo 'setup: install Chromium and set CHROMIUM_PATH to its executable.' >&2
	exit 1
fi

echo 'setup: installing the chromium package with apt-get.'
as_root=()
if ((EUID != 0)); then as_root=(sudo -n); fi
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium
