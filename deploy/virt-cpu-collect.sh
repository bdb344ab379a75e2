#!/bin/sh
# What this host says of its CPU, its kernel, its hypervisor and its running guests, as one text that virt-cpu reads.
# Runs in any POSIX shell. Needs no root, tells more with it. Changes nothing and sends nothing.
#
#   sh virt-cpu-collect.sh [--name NAME] [--timeout SECONDS] [--virsh URI] [--no-guests] > HOST.txt
#
# --name NAME        what to call the host; absent: what it calls itself
# --timeout SECONDS  how long one program may take (15); of guests, all of them together four times that
# --virsh URI        ask the libvirt there, which may be on another host, and nothing of this host
# --no-guests        leave the running guests out
#
# The text: `[section]`, what was printed behind `|`, what went wrong behind `!`, `[/section] STATUS`; at last `[end] COUNT`.
set -u
LC_ALL=C
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export LC_ALL PATH

name='' limit=15 uri='' guests=yes
while [ $# -gt 0 ]; do
  case $1 in
    --name | --timeout | --virsh)
      if [ $# -lt 2 ]; then
        echo "virt-cpu-collect: $1 takes a value" >&2
        exit 2
      fi
      case $1 in
        --name) name=$2 ;;
        --timeout) limit=$2 ;;
        *) uri=$2 ;;
      esac
      shift
      ;;
    --no-guests) guests=no ;;
    *)
      echo "virt-cpu-collect: unknown option $1; there are --name, --timeout, --virsh, --no-guests" >&2
      exit 2
      ;;
  esac
  shift
done
case $limit in
  '' | *[!0-9]* | 0*)
    echo "virt-cpu-collect: --timeout takes a number of seconds, not '$limit'" >&2
    exit 2
    ;;
esac

# Another root than /, for tests.
root=${VIRT_CPU_COLLECT_ROOT-}
cpu=$root/sys/devices/system/cpu
count=0
mark=$(printf '\001')

have() { command -v "$1" >/dev/null 2>&1; }

# The first line of a file; nothing where it cannot be read.
line() { sed -n 1p "$1" 2>/dev/null; }

# Runs a program without input for so many seconds; 124 where it took longer.
if have timeout && timeout -k 1 5 true 2>/dev/null; then
  bounded() { timeout -k 2 "$limit" "$@" </dev/null; }
else
  bounded() {
    "$@" </dev/null &
    child=$!
    {
      sleep "$limit" &
      sleeper=$!
      trap 'kill "$sleeper"; exit' TERM
      wait "$sleeper"
      kill "$child"
      sleep 2
      kill -s KILL "$child"
    } >/dev/null 2>&1 4>&- &
    watcher=$!
    wait "$child"
    status=$?
    kill "$watcher" 2>/dev/null
    wait "$watcher" 2>/dev/null
    [ "$status" -lt 128 ] || status=124
    return "$status"
  }
fi

# A section of what a command prints: section NAME COMMAND…
section() {
  section=$1
  shift
  count=$((count + 1))
  printf '[%s]\n' "$section"
  {
    errors=$("$@" 2>&1 >&4 4>&-)
    status=$?
    [ "$status" -ne 124 ] || errors=${errors:-no answer within $limit s}
    # What was printed may lack the end of its last line.
    printf '\n'
    [ -z "$errors" ] || printf '%s\n' "$errors" | sed -n "1,20s/^/$mark!/p"
    printf '%s[/%s] %s\n' "$mark" "$section" "$status"
  } 4>&1 | sed "s/^/|/;s/^|$mark//"
}

say() { [ -z "$2" ] || printf '%s: %s\n' "$1" "$2"; }

host_facts() {
  say name "${name:-$(uname -n)}"
  say uuid "$(line "$root/sys/class/dmi/id/product_uuid")"
  say machine-id "$(line "$root/etc/machine-id")"
  say system "$(sed -n 's/^PRETTY_NAME=//p' "$root/etc/os-release" 2>/dev/null | tr -d \")"
  say kernel "$(uname -r)"
  say arch "$(uname -m)"
  say cpus "$(grep -c '^processor' "$root/proc/cpuinfo" 2>/dev/null)"
  say microcode "$(line "$cpu/cpu0/microcode/version")"
  have systemd-detect-virt && say virtualization "$(bounded systemd-detect-virt --vm 2>/dev/null)"
  say mitigations "$(sed -n 's/^/ /;s/.* mitigations=\([^ ]*\).*/\1/p' "$root/proc/cmdline" 2>/dev/null)"
  say user "$(id -u)"
  say time "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
}

vulnerabilities() {
  for file in "$cpu"/vulnerabilities/*; do
    [ ! -r "$file" ] || say "${file##*/}" "$(line "$file")"
  done
}

# Processors that say the same are shown once.
processors() {
  if ! have awk; then
    cat "$root/proc/cpuinfo"
    return
  fi
  awk '
    function flush() {
      if (block != "" && !(key in seen)) { seen[key] = 1; printf "%s\n", block }
      block = ""; key = ""
    }
    /^[ \t]*$/ { flush(); next }
    {
      block = block $0 "\n"
      if ($0 !~ /^(processor|physical id|core id|apicid|initial apicid|cpu MHz|bogomips|BogoMIPS)[ \t]*:/) key = key $0 "\n"
    }
    END { flush() }
  ' "$root/proc/cpuinfo"
}

# The words of a leaf and subleaf: the driver takes them for an offset.
words() {
  { dd bs=1 skip=$(($2 * 4294967296 + $1)) count=0 && dd bs=16 count=1; } <"$device" 2>/dev/null |
    od -A n -v -t x4
}

leaf() {
  # shellcheck disable=SC2046 # four words
  set -- "$1" "$2" $(words "$1" "$2")
  [ $# -eq 6 ] || return 1
  printf '   0x%08x 0x%02x: eax=0x%s ebx=0x%s ecx=0x%s edx=0x%s\n' "$@"
}

# Leaves from a base to the last one that it names, with the subleaves in which features are.
leaves() {
  # shellcheck disable=SC2046 # four words
  set -- "$1" $(words "$1" 0)
  [ $# -eq 5 ] || return 1
  number=$1 last=$((0x$2))
  while [ "$number" -le "$last" ] && [ "$number" -lt $(($1 + 256)) ]; do
    case $number in
      7) subleaves=2 ;;
      11 | 13 | 20 | 29 | 31 | 36) subleaves=1 ;;
      *) subleaves=0 ;;
    esac
    subleaf=0
    while [ "$subleaf" -le "$subleaves" ]; do
      leaf "$number" "$subleaf" || return 1
      subleaf=$((subleaf + 1))
    done
    number=$((number + 1))
  done
}

cpuid_words() {
  if [ -z "$root" ] && have cpuid; then
    bounded cpuid -1r
    return
  fi
  echo 'CPU 0:'
  leaves 0 && leaves 2147483648
}

libvirt() { bounded virsh -q -r -c "$uri" "$@"; }

# What libvirt tells nobody who is connected to read only.
libvirt_offers() { bounded virsh -q -c "$uri" domcapabilities; }

# The libvirt of this host that answers.
find_libvirt() {
  for uri in xen:///system qemu:///system; do
    if libvirt uri >/dev/null 2>&1; then return; fi
  done
  return 1
}

ask_libvirt() {
  section capabilities libvirt capabilities
  section domcapabilities libvirt_offers
  section libvirt libvirt version
  [ "$guests" = yes ] || return
  running=$(libvirt list --name 2>/dev/null)
  until=$(($(date +%s) + 4 * limit))
  set -f
  IFS='
'
  for guest in $running; do
    if [ "$(date +%s)" -le "$until" ]; then
      section guest libvirt dumpxml "$guest"
    else
      section guest late
    fi
  done
  unset IFS
  set +f
}

late() {
  echo "the time for guests was up: $guest" >&2
  return 124
}

ask_proxmox() {
  node=$(uname -n)
  node=/nodes/${node%%.*}
  section pve-status bounded pvesh get "$node/status" --output-format json
  section pve-cpu-flags bounded pvesh get "$node/capabilities/qemu/cpu-flags" --output-format json
  models=/etc/pve/virtual-guest/cpu-models.conf
  [ ! -r "$models" ] || section pve-cpu-models cat "$models"
  [ "$guests" = yes ] || return
  for file in /etc/pve/local/qemu-server/*.conf; do
    # What follows a snapshot's head is not the guest as it is now.
    [ ! -r "$file" ] || section pve-guest sed '/^\[/q' "$file"
  done
}

this_host() {
  section host host_facts
  section vulnerabilities vulnerabilities
  [ ! -r "$root/proc/cpuinfo" ] || section cpuinfo processors
  have lscpu && [ -z "$root" ] && section lscpu bounded lscpu
  device=$root/dev/cpu/0/cpuid
  case $(uname -m) in
    x86_64 | amd64 | i?86) if [ -r "$device" ] || { [ -z "$root" ] && have cpuid; }; then section cpuid cpuid_words; fi ;;
  esac
  for program in "qemu-system-$(uname -m)" /usr/libexec/qemu-kvm kvm; do
    if have "$program"; then
      section qemu bounded "$program" --version
      break
    fi
  done
  if have virsh; then
    # What libvirt says where it does not answer tells why.
    if find_libvirt; then ask_libvirt; else section libvirt libvirt version; fi
  fi
  have pvesh && ask_proxmox
  have xe && section xe bounded xe host-cpu-info
  have incus && section incus bounded incus query /1.0/resources
  have vdsm-client && section vdsm bounded vdsm-client Host getCapabilities
}

# The libvirt at a URI, whose host may be another one.
that_host() {
  section host remote_facts
  ask_libvirt
}

remote_facts() {
  say name "${name:-$(libvirt hostname)}"
  say uri "$uri"
  say time "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
}

main() {
  echo '[virt-cpu-collect] 1'
  if [ -n "$uri" ]; then that_host; else this_host; fi
  printf '[end] %s\n' "$count"
}

main </dev/null
