#!/usr/bin/env bash
# Prints the folder with PostgreSQL's programs (initdb, postgres, pg_ctl), and below it the folder of the libraries that they need, if
# the system lacks them. Where PostgreSQL is not installed, root installs Debian's package. Anybody else unpacks it into the folder
# POSTGRES_FOLDER, without changing the system.
set -euo pipefail

say() { echo "$*" >&2; }

# The newest version below a folder.
find_programs() {
  find "$1/usr/lib/postgresql" -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -1
}

# Downloads what PostgreSQL needs beside the installed packages, with lists of packages of its own.
unpack_packages() {
  local folder=$1 work
  command -v apt-get >/dev/null || { say "Install PostgreSQL first: this system has no apt-get."; exit 1; }
  work=$(mktemp -d "$folder.XXXXXX")
  # shellcheck disable=SC2064
  trap "rm -rf '$work'" EXIT
  mkdir -p "$work/lists/partial" "$work/archives/partial" "$work/root"
  local apt=(
    apt-get -qq -o Dir::State::lists="$work/lists" -o Dir::Cache="$work" -o Dir::Cache::archives="$work/archives"
    -o Debug::NoLocking=1 -o APT::Sandbox::User=
  )
  "${apt[@]}" update >/dev/null
  "${apt[@]}" -y --no-install-recommends --download-only install postgresql >/dev/null
  for package in "$work"/archives/*.deb; do dpkg-deb -x "$package" "$work/root"; done
  # A folder that is there is whole. If another process was faster, its folder stays.
  mv -T "$work/root" "$folder" 2>/dev/null || [[ -d $folder ]]
}

programs=$(find_programs "")
if [[ -z $programs && $(id -u) == 0 ]]; then
  say "Installing PostgreSQL (once)"
  apt-get -qq update >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends postgresql >/dev/null 2>&1
  programs=$(find_programs "")
elif [[ -z $programs ]]; then
  folder=${POSTGRES_FOLDER:?}
  if [[ ! -d $folder ]]; then
    say "Downloading PostgreSQL (once)"
    mkdir -p "$(dirname "$folder")"
    unpack_packages "$folder"
  fi
  programs=$(find_programs "$folder")
  libraries=$(find "$folder/usr/lib" -maxdepth 1 -name '*-linux-gnu*' | head -1)
fi
[[ -n $programs ]] || { say "There is no PostgreSQL after its installation."; exit 1; }
echo "$programs"
echo "${libraries:-}"
