#!/bin/sh
# Makes the folder in which deploy/Containerfile is built, from this checkout after `npm run build`:
#
#   sh deploy/image.sh FOLDER && docker build -t virt-cpu FOLDER
#   sh deploy/image.sh --own-base FOLDER      # and FOLDER/base, what the image needs of this machine's Debian, for
#   buildah bud -t virt-cpu-base FOLDER/base && buildah bud --format docker --build-arg BASE=localhost/virt-cpu-base -t virt-cpu FOLDER
#
# FOLDER/app is the command with what package-lock.json names, and with what the inventory needs; app/sbom.cdx.json is its bill of
# materials in CycloneDX. Needs npm and the registry; --own-base needs apt-get, dpkg-deb and a Node whose libraries are Debian's.
set -eu

own=no
if [ "${1-}" = --own-base ]; then own=yes; shift; fi
if [ $# -ne 1 ]; then echo 'usage: image.sh [--own-base] FOLDER' >&2; exit 2; fi
here=$(cd "$(dirname "$0")/.." && pwd)
if [ ! -e "$here/dist/cli.cjs" ]; then echo 'image.sh: no dist/cli.cjs: npm run build comes first' >&2; exit 2; fi
mkdir -p "$1/app" "$1/data"
out=$(cd "$1" && pwd)

# The command, and the packages of the lock file.
cp "$here/deploy/Containerfile" "$out/Containerfile"
for name in package.json package-lock.json LICENSE CHANGELOG.md schema dist; do cp -R "$here/$name" "$out/app/"; done
cd "$out/app"
npm() { command npm "$@" --ignore-scripts --no-audit --no-fund --loglevel=error; }
# The inventory's packages are optional for users of the library; the server has them. Assistants start no server.
optional=$(node -p 'Object.entries(require("./package.json").peerDependencies ?? {}).filter(([name]) => !name.startsWith("@modelcontextprotocol/")).map(one => one.join("@")).join(" ")')
npm ci --omit=dev --omit=peer
npm pkg delete devDependencies peerDependencies peerDependenciesMeta scripts
npm prune --omit=dev --omit=peer --omit=optional
# shellcheck disable=SC2086 # several packages
[ -z "$optional" ] || npm install --save-exact $optional
npm sbom --sbom-format=cyclonedx --sbom-type=application >sbom.cdx.json.new
mv sbom.cdx.json.new sbom.cdx.json
rm -rf dist/lib node_modules/.package-lock.json
find . -name '*.map' -delete
find "$out/app" -type f -exec chmod 644 {} +
find "$out/app" -type d -exec chmod 755 {} +

[ "$own" = yes ] || exit 0

# A base as distroless has it: the C and C++ libraries and Node, nobody to log in, nothing to run beside.
mkdir -p "$out/packages" "$out/base/root"
(cd "$out/base/root" && mkdir -p nodejs/bin etc tmp proc sys dev)
cd "$out/packages"
apt-get download -qq -o APT::Sandbox::User=root libc6 libstdc++6 libgcc-s1
for package in *.deb; do dpkg-deb -x "$package" "$out/base/root"; done
cd "$out/base/root"
rm -rf usr/share usr/bin usr/sbin bin sbin etc/* "$out/packages"
cp "$(node -p process.execPath)" nodejs/bin/node
chmod 755 nodejs/bin/node
chmod 1777 tmp
echo 'nonroot:x:65532:65532:nonroot:/data:/sbin/nologin' >etc/passwd
echo 'nonroot:x:65532:' >etc/group
printf 'FROM scratch\nCOPY root/ /\nENV PATH=/nodejs/bin\n' >"$out/base/Containerfile"
