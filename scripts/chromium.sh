#!/usr/bin/env bash
# Prints the path of Chromium or Chrome, and below it the folder that Debian's package was unpacked to, if it was. Takes CHROMIUM_PATH, or one
# that is on the PATH. Otherwise root installs Debian's package. Anybody else unpacks it into the folder CHROMIUM_FOLDER, without changing
# the system.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/debian-package.sh"

NAMES=(chromium chromium-browser google-chrome google-chrome-stable)
MAC=(
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
  "/Applications/Chromium.app/Contents/MacOS/Chromium"
)

find_browser() {
  local name path
  for name in "${NAMES[@]}"; do
    if command -v "$name"; then return; fi
  done
  for path in "${MAC[@]}"; do
    if [[ -x $path ]]; then echo "$path"; return; fi
  done
}

browser=${CHROMIUM_PATH:-$(find_browser)}
if [[ -z $browser ]]; then
  command -v apt-get >/dev/null || {
    say "Install Chromium or Chrome first, or set CHROMIUM_PATH to its path: none is on the PATH, and this system has no apt-get."
    exit 1
  }
  if [[ $(id -u) == 0 ]]; then
    say "Installing Chromium (once)"
    install_package chromium
    browser=$(find_browser)
  else
    folder=${CHROMIUM_FOLDER:?}
    if [[ ! -d $folder ]]; then
      say "Downloading Chromium (once)"
      unpack_package chromium "$folder"
    fi
    # /usr/bin/chromium is a script that starts it from /usr/lib.
    browser="$folder/usr/lib/chromium/chromium"
  fi
fi
[[ -x $browser ]] || { say "There is no Chromium at ${browser:-any known path}. Install it, or set CHROMIUM_PATH to its path."; exit 1; }
echo "$browser"
echo "${folder:-}"
