#!/bin/sh
# Fetches Debian's kernels of all suites that apt knows into .cache/kernels, for test/e2e/linux-beliefs.test.ts.
set -eu
folder=$(cd "$(dirname "$0")/.." && pwd)/.cache/kernels
mkdir -p "$folder"
cd "$folder"
apt-cache madison linux-image-cloud-amd64 | awk -F'|' '{ print $2 }' | sort -u | while read -r version; do
  package=$(apt-cache show "linux-image-cloud-amd64=$version" | sed -n 's/^Depends: \(linux-image-[^ ,]*\).*/\1/p')
  if [ -z "$package" ] || [ -e "vmlinuz-${package#linux-image-}" ]; then continue; fi
  apt-get download -qq "$package" || continue
  for file in "$package"_*.deb; do
    dpkg-deb --fsys-tarfile "$file" | tar -xO --wildcards './boot/vmlinuz-*' >"vmlinuz-${package#linux-image-}"
    rm "$file"
  done
done
