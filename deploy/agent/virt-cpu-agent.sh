#!/bin/sh
# Reports this host's CPU to a virt-cpu server, from a timer, cron or a pod. Needs curl or GNU wget. Settings (environment):
# VIRT_CPU_URL: the server. VIRT_CPU_TOKEN_FILE: its token. VIRT_CPU_POOL, VIRT_CPU_NAME, VIRT_CPU_ID: the host's pool, name
# (hostname), id (from machine-id). VIRT_CPU_DELAY: wait up to so many seconds first (0). VIRT_CPU_TRIES (4), VIRT_CPU_PAUSE (30 s).
# Status: 0 reported, or nothing new; 1 refused; 2 wrong settings or a missing program; 75 no answer, a later run may get one.
set -u; umask 077
export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin" LIBVIRT_DEFAULT_URI="${LIBVIRT_DEFAULT_URI:-qemu:///system}"
root=${VIRT_CPU_ROOT-} # another root than /, for tests
fail() { echo "virt-cpu-agent: $2" >&2; exit "$1"; }
line() { sed -n 1p "$root$1" 2>/dev/null; }
encode() { printf %s "$1" | od -A n -v -t x1 | tr -d '\n' | tr ' ' %; }
bounded() { if timeout 5 true 2>/dev/null; then timeout 60 "$@"; else "$@"; fi; }
section() { # NAME COMMAND...: what a command prints, in the form of `virt-cpu collect`
  title=$1; shift; printed=$("$@" 2>/dev/null </dev/null); status=$?
  [ -z "$printed" ] || { echo "[$title]"; printf '%s\n' "$printed" | sed 's/^/|/'; echo "[/$title] $status"; }
}
facts() {
  printf '%s\n' "name: $name" "uuid: $(line /sys/class/dmi/id/product_uuid)" "kernel: $(uname -r)" "arch: $(uname -m)" \
    "cpus: $(grep -c ^processor "$root/proc/cpuinfo")" "microcode: $(line /sys/devices/system/cpu/cpu0/microcode/version)" \
    "mitigations: $(sed -n 's/^/ /;s/.* mitigations=\([^ ]*\).*/\1/p' "$root/proc/cmdline" 2>/dev/null)" | sed '/: $/d'
}
vulnerabilities() { for f in "$root"/sys/devices/system/cpu/vulnerabilities/*; do [ ! -r "$f" ] || echo "${f##*/}: $(sed -n 1p "$f")"; done; }
processors() { # equal ones once, without what changes from run to run
  sed -E '/^(cpu MHz|clock|timebase|physical id|core id|(initial )?apicid)/d;s/^((processor|bogomips|BogoMIPS)[[:blank:]]*: ).*/\10/' \
    "$root/proc/cpuinfo" | awk 'BEGIN { RS = ""; ORS = "\n\n" } !seen[$0]++'
}
words() { bounded cpuid -1r | sed -E '/ 0x(0000000b|0000001f|8000001e) /d;s/( 0x00000001 0x00: .*ebx=0x)../\100/'; }
send() { # prints the status of the answer; the token is in no argument
  set -- "If-None-Match: \"$(sha256sum <report | cut -c 1-64)\"" 'Content-Type: text/plain; charset=utf-8' "$address"
  if command -v curl >/dev/null; then
    echo "${token:+header = \"Authorization: Bearer $token\"}" |
      curl -sS -m 90 -K - -T report -o answer -w '%{http_code}' -H "$1" -H "$2" -H 'Expect: 100-continue' "$3"
  else
    echo "${token:+header = Authorization: Bearer $token}" >wgetrc
    WGETRC=wgetrc wget -nv -S -t 1 -T 90 --no-iri --no-http-keep-alive --max-redirect=0 --content-on-error -O answer \
      --method=PUT --body-file=report --header="$1" --header="$2" "$3" 2>&1 | sed -n 's|^ *HTTP/[0-9.]* \([0-9]*\).*|\1|p' | tail -n 1
  fi
}
command -v curl >/dev/null || wget --version 2>/dev/null | grep -q '^GNU Wget' || fail 2 'neither curl nor GNU wget is installed'
case ${VIRT_CPU_URL-} in http*://?*) ;; *) fail 2 'VIRT_CPU_URL is not set, such as to https://cpu.example.org' ;; esac
token=$(tr -d '[:space:]' <"${VIRT_CPU_TOKEN_FILE:-/dev/null}") || fail 2 'VIRT_CPU_TOKEN_FILE cannot be read'
name=${VIRT_CPU_NAME:-$(uname -n)} seed=$(line /etc/machine-id) seed=${seed:-$(line /sys/class/dmi/id/product_uuid)}
id=${VIRT_CPU_ID:-${seed:+$(echo "virt-cpu $seed" | sha256sum | cut -c 1-32)}}
[ -n "$id" ] || fail 2 'neither a machine-id nor a UUID can be read here, or sha256sum is missing: set VIRT_CPU_ID'
address="${VIRT_CPU_URL%/}/v1/hosts/$id?name=$(encode "$name")${VIRT_CPU_POOL:+&pool=$(encode "$VIRT_CPU_POOL")}"
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT; trap 'exit 75' HUP INT TERM; cd "${work:-/none}" || exit 2
sleep $((${VIRT_CPU_DELAY:-0} * $(od -A n -N 2 -t u2 /dev/urandom) / 65536))
{ echo '[virt-cpu-collect] 1'; section host facts; section vulnerabilities vulnerabilities; section cpuinfo processors
  section cpuid words; section capabilities bounded virsh -q -r capabilities
  section domcapabilities bounded virsh -q domcapabilities; } >report
echo "[end] $(grep -c '^\[/' report)" >>report; why=''
for try in $(seq "${VIRT_CPU_TRIES:-4}"); do
  [ "$try" = 1 ] || sleep $((try * ${VIRT_CPU_PAUSE:-30})); code=$(send)
  case $code in
    200 | 201 | 204 | 304 | 412) echo "$VIRT_CPU_URL has the report of $name ($code)"; exit 0 ;;
    000 | 408 | 425 | 429 | 5?? | '') why="$VIRT_CPU_URL takes no report now (${code:-000})" ;;
    *) fail 1 "$VIRT_CPU_URL refuses the report: $code $(sed -n 's/.*"message":"\([^"]*\)".*/\1/p' answer 2>/dev/null)" ;;
  esac
done
[ -z "$why" ] || fail 75 "$why"
