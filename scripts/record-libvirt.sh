#!/bin/sh
# Records what a libvirt and its QEMU answer, as files that `npm run conformance` and `scripts/propose-update.ts` read:
#
#   scripts/with-libvirt.sh [--suite SUITE] scripts/record-libvirt.sh OUT
#
# OUT gets `VERSION` (libvirt's and QEMU's); `cpu_map/`; `live/`: capabilities, domain capabilities of each accelerator,
# target and option, baselines and comparisons of this project's example hosts and of a CPU with every feature
# (`baselines/`), virsh's help, and the conversation with QEMU (`qemu-VERSION-ARCH.replies`). A command that fails is
# recorded with what it says.
set -eu
out=${1:?which folder?}
here=$(cd "$(dirname "$0")/.." && pwd)
: "${VIRSH:?run it by scripts/with-libvirt.sh}" "${LIBVIRT_URI:?}" "${QEMU_FOLDER:?}" "${CPU_MAP:?}"
mkdir -p "$out/live/baselines"
out=$(cd "$out" && pwd)
live=$out/live
cli=$here/dist/cli.cjs
[ -f "$cli" ] || { echo "record-libvirt: $cli is not built: npm run build" >&2; exit 1; }

echo "libvirt $LIBVIRT_VERSION, QEMU $QEMU_VERSION" >"$out/VERSION"
rm -rf "$out/cpu_map" && cp -rL "$CPU_MAP" "$out/cpu_map"

# virsh's answer, with QEMU where distributions have it. What it says on stderr counts where it has no answer.
ask() {
  file=$1
  shift
  "$VIRSH" -q -c "$LIBVIRT_URI" "$@" >"$file" 2>"$file.err" || cat "$file.err" >>"$file"
  rm "$file.err"
  sed -i "s#$QEMU_FOLDER/#/usr/bin/#g" "$file"
}

ask "$live/capabilities.xml" capabilities
for virttype in qemu kvm; do
  ask "$live/domcaps-$virttype.xml" domcapabilities --virttype "$virttype"
  for option in expand-cpu-features supported-cpu-features; do
    ask "$live/domcaps-$virttype-$option.xml" domcapabilities --virttype "$virttype" "--$option"
  done
done
for arch in aarch64 armv7l i686 loongarch64 ppc64 riscv64 s390x; do
  ask "$live/domcaps-$arch.xml" domcapabilities --arch "$arch"
done
for command in cpu-models hypervisor-cpu-models; do
  ask "$live/$command.txt" "$command" $([ "$command" = cpu-models ] || echo --all --arch) x86_64
done
"$VIRSH" help >"$live/virsh-help-commands.txt"
"$VIRSH" --help >"$live/virsh-help.txt"

# A CPU with every feature that the map names.
{
  echo "<cpu><arch>x86_64</arch><model>486</model>"
  sed -n "s/.*<feature name='\([^']*\)'.*/<feature name='\1'\/>/p" "$out/cpu_map/x86_features.xml"
  echo '</cpu>'
} >"$live/baselines/allf.xml"
for options in '' --features --migratable; do
  # shellcheck disable=SC2086
  ask "$live/baselines/allf.cpu-baseline${options:+-${options#--}}.xml" cpu-baseline "$live/baselines/allf.xml" $options
done
ask "$live/baselines/allf.hypervisor-cpu-baseline.xml" hypervisor-cpu-baseline "$live/baselines/allf.xml" --virttype qemu
: >"$live/baselines/example-hosts.log"
for host in "$here"/examples/*/*.xml; do
  name=${host#"$here"/examples/}
  grep -q '<capabilities\|<cpu>' "$host" || continue
  ask "$out/answer" cpu-baseline "$host"
  { echo "### $name" && cat "$out/answer"; } >>"$live/baselines/example-hosts.log"
  ask "$out/answer" hypervisor-cpu-baseline "$host" --virttype qemu
  { echo "### cmp $name" && cat "$out/answer"; } >>"$live/baselines/example-hosts.log"
done
rm -f "$out/answer"

# What QEMU itself says: the conversation that virt-cpu keeps.
cache=$(mktemp -d)
for binary in "$QEMU_FOLDER"/qemu-system-x86_64; do
  XDG_CACHE_HOME=$cache node "$cli" domcapabilities --virttype qemu --emulatorbin "$binary" >/dev/null
  mv "$cache"/virt-cpu/qemu/*.replies "$live/qemu-$QEMU_VERSION-${binary##*-}.replies"
done
rm -r "$cache"
echo "record-libvirt: $(find "$out" -type f | wc -l) files in $out" >&2
