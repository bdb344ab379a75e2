#!/bin/sh
# Adds Debian's own backports suite beside the suites that apt is set up with: same mirror, same key. It has the
# libvirt and QEMU that virt-cpu is held against. Prints the suite's name, and does nothing more where it is there.
# Run as root; the lists of packages are up to date afterwards.
set -eu
# shellcheck source=/dev/null
. /etc/os-release
suite=$VERSION_CODENAME-backports
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# What apt itself has read says more than files of sources, which come in two formats.
mirrors() {
  apt-get indextargets 'Created-By: Packages' 'Component: main' 'Origin: Debian' "Codename: $1" --format '$(REPO_URI)'
}
known() {
  test -n "$(apt-get indextargets 'Created-By: Packages' "Codename: $suite" --format '$(REPO_URI)')"
}

apt-get update -qq
if ! known; then
  mirror=$(mirrors "$VERSION_CODENAME" | head -n 1)
  if [ -z "$mirror" ]; then
    echo "add-backports: apt knows no suite '$VERSION_CODENAME' of Debian to add '$suite' to" >&2
    exit 1
  fi
  {
    printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\n' "$mirror" "$suite"
    if [ -f "$keyring" ]; then printf 'Signed-By: %s\n' "$keyring"; fi
  } >"/etc/apt/sources.list.d/$suite.sources"
  apt-get update -qq
fi
echo "$suite"
