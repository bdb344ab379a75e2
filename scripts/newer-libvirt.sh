#!/bin/sh
# Holds this project against the libvirt and QEMU of a suite of Debian, in a private root, and prints a table:
#
#   scripts/newer-libvirt.sh [--root DIR] [--count N] [--seed S] SUITE        scripts/newer-libvirt.sh sid
#
# Root only; nothing is installed, and without --root nothing is left. What is run: that libvirt's cpu_map and answers,
# recorded, against ours (conformance); random questions beside its virsh, guests that start among them; random
# `-cpu` arguments beside its QEMU; and guests that migrate between the installed QEMU and that one (test:real's tests
# of peers, with VIRT_CPU_ROOT). Status 1: one of them differs. What each printed stays in OUT, named at the end.
# shellcheck disable=SC2317 # functions are called by their names
set -eu
cd "$(dirname "$0")/.."
root='' count=1000 seed=1
while [ $# -gt 1 ]; do
  case $1 in
    --root) root=${2:?} && shift 2 ;;
    --count) count=${2:?} && shift 2 ;;
    --seed) seed=${2:?} && shift 2 ;;
    *) echo "newer-libvirt: unknown option $1" >&2 && exit 2 ;;
  esac
done
suite=${1:?which suite of Debian?}
out=$(mktemp -d)
kept=$root
root=${root:-$out/root}
finish() { [ -n "$kept" ] || rm -rf "$root"; }
trap finish EXIT
trap 'exit 130' INT TERM
[ -f dist/cli.cjs ] || { echo 'newer-libvirt: dist/cli.cjs is not built: npm run build' >&2 && exit 2; }

beside() { scripts/with-libvirt.sh --suite "$suite" --root "$root" "$@"; }
differential() { beside npm run --silent differential -- --seed "$seed" "$@"; }
status=0
table=''
# Runs a part, keeps what it prints, and notes its last line that has figures.
part() {
  name=$1
  shift
  echo "newer-libvirt: $name" >&2
  result=passed
  "$@" >"$out/$name.log" 2>&1 </dev/null || { result=DIFFERS && status=1; }
  figures=$(grep -E '[0-9]+ (equal|passed|files|failed)' "$out/$name.log" | tail -n 1 | tr -s ' ' | cut -c 1-70 || true)
  table="$table$(printf '%-22s %-8s %s' "$name" "$result" "$figures")
"
}

part record beside scripts/record-libvirt.sh "$out/recording"
part conformance npm run --silent conformance -- --recording "$out/recording"
part questions differential --kinds no-guests --count "$count"
part guests differential --kinds guests --count $((count / 10))
part qemu differential --kinds qemu --count "$count"
part migrations env VIRT_CPU_ROOT="$root" npx vitest run test/e2e/verify-peers.test.ts
echo
echo "$(cat "$out/recording/VERSION" 2>/dev/null || echo "$suite"), seed $seed"
printf '%s' "$table"
echo "newer-libvirt: what they printed is in $out"
exit "$status"
