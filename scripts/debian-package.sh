# For scripts that need programs of a Debian package: `source` it. Root installs the package. Anybody else unpacks it into a folder, without
# changing the system.

say() { echo "$*" >&2; }

# install_package PACKAGE: apt does not wait for its own lock, so one of these scripts waits for another. What a package starts must not
# keep the lock.
install_package() (
  flock 9
  apt-get -qq update >/dev/null 9>&-
  DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$1" >/dev/null 2>&1 9>&-
) 9>"${TMPDIR:-/tmp}/temporal-llamacloud-packages.lock"

# unpack_package PACKAGE FOLDER: downloads what the package needs beside the installed ones, with lists of packages of its own.
unpack_package() {
  local package=$1 folder=$2 work
  mkdir -p "$(dirname "$folder")"
  work=$(mktemp -d "$folder.XXXXXX")
  # shellcheck disable=SC2064
  trap "rm -rf '$work'" EXIT
  mkdir -p "$work/lists/partial" "$work/archives/partial" "$work/root"
  local apt=(
    apt-get -qq -o Dir::State::lists="$work/lists" -o Dir::Cache="$work" -o Dir::Cache::archives="$work/archives"
    -o Debug::NoLocking=1 -o APT::Sandbox::User=
  )
  "${apt[@]}" update >/dev/null
  "${apt[@]}" -y --no-install-recommends --download-only install "$package" >/dev/null
  local archive
  for archive in "$work"/archives/*.deb; do dpkg-deb -x "$archive" "$work/root"; done
  # A folder that is there is whole. If another process was faster, its folder stays.
  mv -T "$work/root" "$folder" 2>/dev/null || [[ -d $folder ]]
}
