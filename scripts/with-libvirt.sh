#!/bin/sh
# Runs a command beside a libvirtd of its own, which leaves nothing in this system:
#
#   scripts/with-libvirt.sh [--suite SUITE] [--root DIR] [--host NAME] [--targets 'TARGET…'] COMMAND [ARG…]
#
# Without a suite: the libvirt and QEMU that are installed. With one (`sid`, `trixie-backports`): those of that suite
# of Debian, from the mirrors that apt knows, checked by Debian's key, unpacked into a folder (DIR is kept for the next
# time; without it, a temporary one is deleted) and run in it. Root only. `--host`: the installed one is a host of its
# own, with that name and a UUID, to and from which others migrate. `--targets`: of whose QEMUs it knows; absent: eight.
#
# The command finds in its environment:
#   VIRSH           the virsh to ask          LIBVIRT_URI       where its daemon listens (virsh -c)
#   QEMU_FOLDER     a folder with the QEMUs that the daemon runs, as programs that run here
#   CPU_MAP, SCHEMAS   its folders cpu_map and schemas       LIBVIRT_VERSION, QEMU_VERSION
set -eu
say() { echo "with-libvirt: $*" >&2; }
# 77: there can be no daemon; else the status of the command.
fail() { say "$*"; exit 77; }

suite='' root='' host=''
# All that Debian has take a daemon most of a minute to look through.
TARGETS='aarch64 arm i386 loongarch64 ppc64 riscv64 s390x x86_64'
while [ $# -gt 0 ]; do
  case $1 in
    --suite) suite=${2:?} && shift 2 ;;
    --root) root=${2:?} && shift 2 ;;
    --host) host=${2:?} && shift 2 ;;
    --targets) TARGETS=${2:?} && shift 2 ;;
    --) shift && break ;;
    -*) fail "unknown option $1" ;;
    *) break ;;
  esac
done
[ $# -gt 0 ] || fail 'which command?'
[ "$(id -u)" = 0 ] || fail 'only root can start libvirtd'
unshare -m true 2>/dev/null || fail 'this system lets nobody mount'

work=$(mktemp -d)
daemon=''
finish() {
  [ -z "$daemon" ] || kill -9 "$daemon" 2>/dev/null || true
  [ -z "$daemon" ] || wait "$daemon" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

PACKAGES='libvirt-clients libvirt-daemon libvirt-daemon-driver-qemu libvirt-daemon-system
  qemu-system-arm qemu-system-misc qemu-system-ppc qemu-system-riscv qemu-system-s390x qemu-system-x86'

# Unpacks the packages of the suite, and all that they need, into $root. Nothing is installed: apt has a state of its own.
unpack() {
  mirror=$(apt-get indextargets 'Created-By: Packages' 'Component: main' 'Origin: Debian' --format '$(REPO_URI)' | head -n 1)
  [ -n "$mirror" ] || fail 'apt knows no mirror of Debian (apt-get update has never run?)'
  key=/usr/share/keyrings/debian-archive-keyring.gpg
  [ -f "$key" ] || fail "$key is not installed"
  apt=$work/apt
  mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$apt/parts"
  : >"$apt/status"
  echo "deb [signed-by=$key] $mirror $suite main" >"$apt/sources.list"
  cat >"$apt/apt.conf" <<END
Dir::State "$apt"; Dir::State::status "$apt/status"; Dir::Cache "$apt";
Dir::Etc::sourcelist "$apt/sources.list"; Dir::Etc::sourceparts "$apt/parts";
Dir::Etc::preferences "$apt/none"; Dir::Etc::preferencesparts "$apt/parts";
Acquire::Check-Valid-Until "false"; Acquire::Languages "none"; APT::Sandbox::User "root"; APT::Install-Recommends "false";
END
  say "fetching libvirt and QEMU of $suite"
  APT_CONFIG=$apt/apt.conf apt-get update -qq
  # shellcheck disable=SC2086
  APT_CONFIG=$apt/apt.conf apt-get install -qq -y --download-only $PACKAGES >"$work/apt.log" 2>&1 ||
    { tail -n 5 "$work/apt.log" >&2; fail "the packages of $suite are not to be had"; }
  mkdir -p "$root"
  for package in "$apt"/archives/*.deb; do dpkg-deb -x "$package" "$root"; done
  for name in bin sbin lib lib64; do [ -e "$root/$name" ] || ln -s "usr/$name" "$root/$name"; done
  mkdir -p "$root/proc" "$root/sys" "$root/dev" "$root/run" "$root/tmp" "$root/etc/libvirt" "$root/session"
  [ -e "$root/var/run" ] || ln -s /run "$root/var/run"
  printf 'root:x:0:0::/:/bin/sh\nlibvirt-qemu:x:1:1::/:/bin/sh\n' >"$root/etc/passwd"
  printf 'root:x:0:\nlibvirt-qemu:x:1:\nkvm:x:2:\nlibvirt:x:3:\n' >"$root/etc/group"
  for binary in "$root"/usr/bin/qemu-system-*; do
    case " $TARGETS " in *" ${binary##*-} "*) ;; *) rm "$binary" ;; esac
  done
  # A driver that does not start stops the daemon; only QEMU's is asked.
  find "$root" -name 'libvirt_driver_*.so' ! -name libvirt_driver_qemu.so -delete
  : >"$root/.unpacked"
}

# A program of $root that runs outside it: by its own loader, with its own libraries.
wrap() {
  {
    echo '#!/bin/sh'
    echo "export LC_ALL=C QEMU_MODULE_DIR='$libraries/qemu'"
    echo "exec '$root/lib64/ld-linux-x86-64.so.2' --library-path '$libraries:$libraries/pulseaudio' --argv0 '$2' '$root$2' $3 \"\$@\""
  } >"$1"
  chmod +x "$1"
}

conf() {
  printf 'unix_sock_dir = "%s"\nauth_unix_rw = "none"\nauth_unix_ro = "none"\nlog_outputs = "3:file:%s/log"\n' "$1" "$1" >"$work/libvirtd.conf"
  [ -z "$host" ] || printf 'host_uuid = "%s"\n' "$(cat /proc/sys/kernel/random/uuid)" >>"$work/libvirtd.conf"
  printf 'user = "root"\ngroup = "root"\nsecurity_driver = "none"\ncgroup_controllers = []\nstdio_handler = "file"\nremember_owner = 0\nnamespaces = []\n' >"$work/qemu.conf"
}

if [ -n "$suite" ]; then
  root=${root:-$work/root}
  [ -e "$root/.unpacked" ] || unpack
  root=$(realpath "$root")
  libraries=$root/usr/lib/x86_64-linux-gnu
  mkdir "$work/qemu" "$work/state"
  for binary in "$root"/usr/bin/qemu-system-*; do
    [ -L "$binary" ] || wrap "$work/qemu/${binary##*/}" "/usr/bin/${binary##*/}" "-L '$root/usr/share/qemu' -L '$root/usr/share/seabios'"
  done
  wrap "$work/virsh" /usr/bin/virsh ''
  VIRSH=$work/virsh QEMU_FOLDER=$work/qemu CPU_MAP=$root/usr/share/libvirt/cpu_map SCHEMAS=$root/usr/share/libvirt/schemas
  conf /session
  cp "$work/qemu.conf" "$root/etc/libvirt/qemu.conf"
  # shellcheck disable=SC2016
  unshare -m --pid --fork --kill-child sh -c '
    mount -t proc proc "$0/proc" && mount --rbind /sys "$0/sys" && mount --rbind /dev "$0/dev" &&
    mount -t tmpfs none "$0/run" && mount --bind "$1" "$0/session" &&
    LC_ALL=C chroot "$0" /usr/sbin/libvirtd --config /session/libvirtd.conf --pid-file /session/pid
    exit $? # the shell stays, to wait for what the daemon leaves behind
  ' "$root" "$work" >"$work/out" 2>&1 &
else
  command -v libvirtd >/dev/null && command -v virsh >/dev/null || fail 'libvirtd and virsh are not installed; --suite fetches those of a suite'
  mkdir "$work/qemu"
  for target in $TARGETS; do
    [ ! -e "/usr/bin/qemu-system-$target" ] || ln -s "/usr/bin/qemu-system-$target" "$work/qemu"
  done
  VIRSH=$(command -v virsh) QEMU_FOLDER=$work/qemu CPU_MAP=/usr/share/libvirt/cpu_map SCHEMAS=/usr/share/libvirt/schemas
  conf "$work"
  # shellcheck disable=SC2016
  unshare -m --uts --pid --fork --kill-child sh -c '
    [ -z "$1" ] || hostname "$1" || exit
    for name in /run/libvirt /var/lib/libvirt /var/cache/libvirt /var/log/libvirt; do mkdir -p $name && mount -t tmpfs none $name || exit; done
    [ ! -e /etc/libvirt/qemu.conf ] || mount --bind "$0/qemu.conf" /etc/libvirt/qemu.conf
    mount -t proc proc /proc && PATH=$0/qemu:/usr/sbin:/sbin libvirtd --config "$0/libvirtd.conf" --pid-file "$0/pid"
    exit $? # the shell stays, to wait for what the daemon leaves behind
  ' "$work" "$host" >"$work/out" 2>&1 &
fi
daemon=$!
LIBVIRT_URI="qemu+unix:///system?socket=$work/libvirt-sock"

tries=0
until "$VIRSH" -c "$LIBVIRT_URI" version >"$work/version" 2>/dev/null; do
  tries=$((tries + 1))
  kill -0 "$daemon" 2>/dev/null && [ "$tries" -lt 300 ] ||
    { tail -n 5 "$work/out" "$work/log" >&2 || true; fail 'libvirtd does not listen'; }
  sleep 1
done
LIBVIRT_VERSION=$(sed -n 's/^Using library: libvirt //p' "$work/version")
QEMU_VERSION=$(sed -n 's/^Running hypervisor: QEMU //p' "$work/version")
export VIRSH LIBVIRT_URI QEMU_FOLDER CPU_MAP SCHEMAS LIBVIRT_VERSION QEMU_VERSION
say "libvirt $LIBVIRT_VERSION, QEMU $QEMU_VERSION"
status=0
"$@" || status=$?
exit "$status"
