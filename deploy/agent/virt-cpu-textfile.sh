#!/bin/sh
# What this host says of its CPU, as metrics for node_exporter's textfile collector, from cron or a timer:
#   virt-cpu-textfile.sh /var/lib/prometheus/node-exporter
# writes virt_cpu.prom there, as a whole or not at all. Without a folder it prints them. Status: 0, or 1 where it cannot write.
set -u
LC_ALL=C
export LC_ALL
root=${VIRT_CPU_ROOT-} # another root than /, for tests

metric() { printf '# HELP %s %s\n# TYPE %s gauge\n' "$1" "$2" "$1"; }
escaped() { sed 's/\\/\\\\/g;s/"/\\"/g'; }

# The value of a line of the first processor.
field() { sed -n "s/^$1[[:blank:]]*: //p" "$root/proc/cpuinfo" | sed -n 1p | escaped; }

metrics() {
  metric virt_cpu_info 'The CPU as the kernel shows it; of hybrid CPUs the first processor'
  printf 'virt_cpu_info{vendor="%s",family="%s",model="%s",stepping="%s",name="%s",microcode="%s"} 1\n' "$(field vendor_id)" \
    "$(field 'cpu family')" "$(field model)" "$(field stepping)" "$(field 'model name')" "$(field microcode)"
  metric virt_cpu_flag 'A feature that the kernel shows'
  { field flags && field Features; } | tr ' ' '\n' | sort -u | sed -n 's/..*/virt_cpu_flag{flag="&"} 1/p'
  metric virt_cpu_vulnerability 'A vulnerability of the CPU: 1 while the host is open to it, 0 where it is not'
  for file in "$root"/sys/devices/system/cpu/vulnerabilities/*; do
    [ -r "$file" ] || continue
    state=$(sed -n 1p "$file" | escaped)
    case $state in Vulnerable* | *': Vulnerable'*) open=1 ;; *) open=0 ;; esac
    printf 'virt_cpu_vulnerability{name="%s",state="%s"} %s\n' "${file##*/}" "$state" "$open"
  done
  metric virt_cpu_written_seconds 'When this was written'
  printf 'virt_cpu_written_seconds %s\n' "$(date +%s)"
}

if [ $# -eq 0 ]; then
  metrics
else
  metrics >"$1/virt_cpu.prom.$$" && chmod 644 "$1/virt_cpu.prom.$$" && mv "$1/virt_cpu.prom.$$" "$1/virt_cpu.prom" || exit 1
fi
