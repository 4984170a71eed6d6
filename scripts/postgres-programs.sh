#!/usr/bin/env bash
# Prints the folder with PostgreSQL's programs (initdb, postgres, pg_ctl), and below it the folder of the libraries that they need, if
# the system lacks them. Where PostgreSQL is not installed, root installs Debian's package. Anybody else unpacks it into the folder
# POSTGRES_FOLDER, without changing the system.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/debian-package.sh"

# The newest version below a folder.
find_programs() {
  find "$1/usr/lib/postgresql" -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -1
}

programs=$(find_programs "")
if [[ -z $programs ]]; then
  command -v apt-get >/dev/null || { say "Install PostgreSQL first: this system has no apt-get."; exit 1; }
  if [[ $(id -u) == 0 ]]; then
    say "Installing PostgreSQL (once)"
    install_package postgresql
    programs=$(find_programs "")
  else
    folder=${POSTGRES_FOLDER:?}
    if [[ ! -d $folder ]]; then
      say "Downloading PostgreSQL (once)"
      unpack_package postgresql "$folder"
    fi
    programs=$(find_programs "$folder")
    libraries=$(find "$folder/usr/lib" -maxdepth 1 -name '*-linux-gnu*' | head -1)
  fi
fi
[[ -n $programs ]] || { say "There is no PostgreSQL after its installation."; exit 1; }
echo "$programs"
echo "${libraries:-}"
