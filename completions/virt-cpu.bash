# bash completion of virt-cpu: source this file, or put it where bash-completion looks
_virt_cpu() {
  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
      -c | -d | -e | -k | -K | -l | --connect | --debug | --escape | --log | --cpu-map | --libvirt) ((i++)) ;;
      -*) ;;
      *) command=${COMP_WORDS[i]}; break ;;
    esac
  done
  local options words=''
  case $command in
    '') options='--connect --quiet --help --version --readonly --timing --escape --no-pkttyagent --cpu-map --libvirt'; words='capabilities domcapabilities cpu-baseline cpu-compare hypervisor-cpu-baseline hypervisor-cpu-compare hypervisor-cpu-models cpu-models decode models collect hosts explain pools advise what-if drain drift check migrate guest audit level fits doctor verify tree convert name batch mcp page serve inventory completion' ;;
    capabilities) options='--xpath --wrap --root --best --no-cache --explain --json --cpu-map --libvirt --help'; words='' ;;
    domcapabilities) options='--virttype --emulatorbin --arch --machine --xpath --wrap --disable-deprecated-features --expand-cpu-features --supported-cpu-features --replies --no-cache --explain --json --cpu-map --libvirt --help'; words='' ;;
    cpu-baseline) options='--file --features --migratable --on-model --lenient --best --format --qemu --explain --json --cpu-map --libvirt --help'; words='' ;;
    cpu-compare) options='--file --error --validate --host --schema --explain --json --cpu-map --libvirt --help'; words='' ;;
    hypervisor-cpu-baseline) options='--file --virttype --emulator --arch --machine --features --migratable --ignore-host --model --replies --no-cache --format --qemu --explain --json --cpu-map --libvirt --help'; words='' ;;
    hypervisor-cpu-compare) options='--file --virttype --emulator --arch --machine --error --validate --replies --no-cache --schema --explain --json --cpu-map --libvirt --help'; words='' ;;
    hypervisor-cpu-models) options='--virttype --emulator --arch --machine --all --replies --no-cache --explain --json --cpu-map --libvirt --help'; words='' ;;
    cpu-models) options='--arch --json --cpu-map --libvirt --help'; words='x86_64 i686 ppc64 ppc64le aarch64 armv7l s390x riscv64 loongarch64' ;;
    decode) options='--file --as --bits --best --explain --json --cpu-map --libvirt --help'; words='' ;;
    models) options='--fleet --usable-on --virttype --arch --machine --emulator --no-skip --strict --details --json --markdown --color --no-pager --no-cache --cpu-map --libvirt --help'; words='' ;;
    collect) options='--peer --inventory --script --output --again --redact --report --token-file --pool --jobs --timeout --retries --sudo --no-guests --ssh-config --kubectl --context --virsh --json --cpu-map --libvirt --help'; words='' ;;
    hosts) options='--fleet --no-skip --strict --details --json --markdown --color --no-pager --o --cpu-map --libvirt --help'; words='' ;;
    explain) options='--fleet --cost --feature --pool --format --qemu --no-skip --strict --details --json --markdown --color --no-pager --write --cpu-map --libvirt --help'; words='' ;;
    pools) options='--fleet --pools --level --must-have --smallest --vendors --together --format --qemu --no-skip --strict --details --json --markdown --color --no-pager --write --save-cpu --cpu-map --libvirt --help'; words='' ;;
    advise) options='--fleet --pools --level --must-have --smallest --vendors --together --format --qemu --no-skip --strict --details --json --markdown --color --no-pager --write --cpu-map --libvirt --help'; words='' ;;
    what-if) options='--fleet --remove --replace --add --move --drop --apply --upgrade --kernel --machine --effects --products --no-skip --strict --details --json --markdown --color --no-pager --cpu-map --libvirt --help'; words='' ;;
    drain) options='--fleet --only --apply --room --no-skip --strict --details --json --markdown --color --no-pager --cpu-map --libvirt --help'; words='' ;;
    drift) options='--old --new --by --no-skip --strict --details --json --markdown --color --no-pager --fail-on --junit --sarif --cpu-map --libvirt --help'; words='' ;;
    check) options='--fleet --now --no-skip --strict --details --json --markdown --color --no-pager --junit --sarif --cpu-map --libvirt --help'; words='' ;;
    migrate) options='--fleet --from --guest --to --across --no-skip --strict --details --json --markdown --color --no-pager --dot --cpu-map --libvirt --help'; words='' ;;
    guest) options='--what --file --replies --host --no-cache --format --qemu --json --markdown --color --no-pager --cpu-map --libvirt --help'; words='check' ;;
    audit) options='--fleet --model --guest-os --today --no-skip --strict --details --json --markdown --color --no-pager --junit --sarif --cpu-map --libvirt --help'; words='' ;;
    level) options='--fleet --no-skip --strict --details --json --markdown --color --no-pager --cpu-map --libvirt --help'; words='' ;;
    fits) options='--fleet --os --no-skip --strict --details --json --markdown --color --no-pager --cpu-map --libvirt --help'; words='' ;;
    doctor) options='--file --json --markdown --color --no-pager --cpu-map --libvirt --help'; words='' ;;
    verify) options='--guest --fleet --accel --machine --emulator --peer --all --ssh-config --json --markdown --color --no-pager --strict --cpu-map --libvirt --help'; words='' ;;
    tree) options='--model --arch --json --markdown --color --no-pager --cpu-map --libvirt --help'; words='' ;;
    convert) options='--file --text --from --format --qemu --json --markdown --color --no-pager --cpu-map --libvirt --help'; words='' ;;
    name) options='--name --arch --json --markdown --color --no-pager --cpu-map --libvirt --help'; words='' ;;
    batch) options='--cpu-map --libvirt --help'; words='' ;;
    mcp) options='--folder --tool --limit --cpu-map --libvirt --help'; words='' ;;
    page) options='--data --cpu-map --libvirt --help'; words='' ;;
    serve) options='--port --listen --name --store --rules --alert-after --webhook --webhook-secret --sync --sync-every --proxy --token --rate --tls-cert --tls-key --oidc-issuer --oidc-audience --oidc-claim --oidc-role --limit --wait --memory --log --cpu-map --config --check-config --new-token --open --libvirt --help'; words='' ;;
    inventory) options='--what --file --store --url --token-file --pool --output --json --cpu-map --libvirt --help'; words='export import recompute tidy' ;;
    completion) options='--shell --cpu-map --libvirt --help'; words='bash zsh fish' ;;
    *) return ;;
  esac
  case $command:$previous in
    capabilities:--libvirt) mapfile -t COMPREPLY < <(compgen -W '11.3 12.8' -- "$word"); return ;;
    domcapabilities:--virttype) mapfile -t COMPREPLY < <(compgen -W 'kvm qemu' -- "$word"); return ;;
    domcapabilities:--libvirt) mapfile -t COMPREPLY < <(compgen -W '11.3 12.8' -- "$word"); return ;;
    cpu-baseline:--format) mapfile -t COMPREPLY < <(compgen -W 'libvirt qemu proxmox proxmox-vm nova kubevirt ovirt xl xen-featureset firecracker vmx evc march' -- "$word"); return ;;
    cpu-baseline:--libvirt) mapfile -t COMPREPLY < <(compgen -W '11.3 12.8' -- "$word"); return ;;
    cpu-compare:--libvirt) mapfile -t COMPREPLY < <(compgen -W '11.3 12.8' -- "$word"); return ;;
    hypervisor-cpu-baseline:--virttype) mapfile -t COMPREPLY < <(compgen -W 'kvm qemu' -- "$word"); return ;;
    hypervisor-cpu-baseline:--format) mapfile -t COMPREPLY < <(compgen -W 'libvirt qemu proxmox proxmox-vm nova kubevirt ovirt xl xen-featureset firecracker vmx evc march' -- "$word"); return ;;
    hypervisor-cpu-baseline:--libvirt) mapfile -t COMPREPLY < <(compgen -W '11.3 12.8' -- "$word"); return ;;
    hypervisor-cpu-compare:--virttype) mapfile -t COMPREPLY < <(compgen -W 'kvm qemu' -- "$word"); return ;;
    hypervisor-cpu-compare:--libvirt) mapfile -t COMPREPLY < <(compgen -W '11.3 12.8' -- "$word"); return ;;
    hypervisor-cpu-models:--virttype) mapfile -t COMPREPLY < <(compgen -W 'kvm qemu' -- "$word"); return ;;
    hypervisor-cpu-models:--libvirt) mapfile -t COMPREPLY < <(compgen -W '11.3 12.8' -- "$word"); return ;;
    cpu-models:--arch) mapfile -t COMPREPLY < <(compgen -W 'x86_64 i686 ppc64 ppc64le aarch64 armv7l s390x riscv64 loongarch64' -- "$word"); return ;;
    cpu-models:--libvirt) mapfile -t COMPREPLY < <(compgen -W '11.3 12.8' -- "$word"); return ;;
    decode:--as) mapfile -t COMPREPLY < <(compgen -W 'host guest' -- "$word"); return ;;
    decode:--libvirt) mapfile -t COMPREPLY < <(compgen -W '11.3 12.8' -- "$word"); return ;;
    models:--virttype) mapfile -t COMPREPLY < <(compgen -W 'kvm qemu' -- "$word"); return ;;
    models:--color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$word"); return ;;
    models:--libvirt) mapfile -t COMPREPLY < <(compgen -W '11.3 12.8' -- "$word"); return ;;
    collect:--libvirt) mapfile -t COMPREPLY < <(compgen -W '11.3 12.8' -- "$word"); return ;;
    hosts:--color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$word"); return ;;
    hosts:--o) mapfile -t COMPREPLY < <(compgen -W 'table json yaml wide csv name' -- "$word"); return ;;
    hosts:--libvirt) mapfile -t COMPREPLY < <(compgen -W '11.3 12.8' -- "$word"); return ;;
    explain:--format) mapfile -t COMPREPLY < <(compgen -W 'libvirt qemu proxmox proxmox-vm nova kubevirt ovirt xl xen-featureset firecracker vmx evc march' -- "$word"); return ;;
    explain:--color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$word"); return ;;
    explain:--libvirt) mapfile -t COMPREPLY < <(compgen -W '11.3 12.8' -- "$word"); return ;;
    pools:--level) mapfile -t COMPREPLY < <(compgen -W 'v1 v2 v3 v4' -- "$word"); return ;;
    pools:--vendors) mapfile -t COMPREPLY < <(compgen -W 'separate together' -- "$word"); return ;;
    pools:--format) mapfile -t COMPREPLY < <(compgen -W 'libvirt qemu proxmox proxmox-vm nova kubevirt ovirt xl xen-featureset firecracker vmx evc march' -- "$word"); return ;;
    pools:--color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$word"); return ;;
    pools:--libvirt) mapfile -t COMPREPLY < <(compgen -W '11.3 12.8' -- "$word"); return ;;
    advise:--level) mapfile -t COMPREPLY < <(compgen -W 'v1 v2 v3 v4' -- "$word"); return ;;
    advise:--vendors) mapfile -t COMPREPLY < <(compgen -W 'separate together' -- "$word"); return ;;
    advise:--format) mapfile -t COMPREPLY < <(compgen -W 'libvirt qemu proxmox proxmox-vm nova kubevirt ovirt xl xen-featureset firecracker vmx evc march' -- "$word"); return ;;
    advise:--color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$word"); return ;;
    advise:--libvirt) mapfile -t COMPREPLY < <(compgen -W '11.3 12.8' -- "$word"); return ;;
    what-if:--color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$word"); return ;;
    what-if:--libvirt) mapfile -t COMPREPLY < <(compgen -W '11.3 12.8' -- "$word"); return ;;
    drain:--color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$word"); return ;;
    drain:--libvirt) mapfile -t COMPREPLY < <(compgen -W '11.3 12.8' -- "$word"); return ;;
    drift:--by) mapfile -t COMPREPLY < <(compgen -W 'path uuid' -- "$word"); return ;;
    drift:--color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$word"); return ;;
    drift:--fail-on) mapfile -t COMPREPLY < <(compgen -W 'any lost' -- "$word"); return ;;
    drift:--libvirt) mapfile -t COMPREPLY < <(compgen -W '11.3 12.8' -- "$word"); return ;;
    check:--color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$word"); return ;;
    check:--libvirt) mapfile -t COMPREPLY < <(compgen -W '11.3 12.8' -- "$word"); return ;;
    migrate:--color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$word"); return ;;
    migrate:--libvirt) mapfile -t COMPREPLY < <(compgen -W '11.3 12.8' -- "$word"); return ;;
    guest:--what) mapfile -t COMPREPLY < <(compgen -W 'check' -- "$word"); return ;;
    guest:--format) mapfile -t COMPREPLY < <(compgen -W 'libvirt qemu proxmox proxmox-vm nova kubevirt ovirt xl xen-featureset firecracker vmx evc march' -- "$word"); return ;;
    guest:--color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$word"); return ;;
    guest:--libvirt) mapfile -t COMPREPLY < <(compgen -W '11.3 12.8' -- "$word"); return ;;
    audit:--color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$word"); return ;;
    audit:--libvirt) mapfile -t COMPREPLY < <(compgen -W '11.3 12.8' -- "$word"); return ;;
    level:--color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$word"); return ;;
    level:--libvirt) mapfile -t COMPREPLY < <(compgen -W '11.3 12.8' -- "$word"); return ;;
    fits:--color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$word"); return ;;
    fits:--libvirt) mapfile -t COMPREPLY < <(compgen -W '11.3 12.8' -- "$word"); return ;;
    doctor:--color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$word"); return ;;
    doctor:--libvirt) mapfile -t COMPREPLY < <(compgen -W '11.3 12.8' -- "$word"); return ;;
    verify:--accel) mapfile -t COMPREPLY < <(compgen -W 'kvm tcg' -- "$word"); return ;;
    verify:--color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$word"); return ;;
    verify:--libvirt) mapfile -t COMPREPLY < <(compgen -W '11.3 12.8' -- "$word"); return ;;
    tree:--arch) mapfile -t COMPREPLY < <(compgen -W 'x86_64 i686 s390x riscv64 loongarch64' -- "$word"); return ;;
    tree:--color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$word"); return ;;
    tree:--libvirt) mapfile -t COMPREPLY < <(compgen -W '11.3 12.8' -- "$word"); return ;;
    convert:--from) mapfile -t COMPREPLY < <(compgen -W 'libvirt-xml cpuid-r collected vulnerabilities lscpu cpuid-json qmp-replies qmp cpuid-decoded libcpuid aida64 ld.so registers flags-line proc-cpuinfo kubernetes kubectl-text nova nova-conf osquery ovirt-api ovirt-types prometheus proxmox-api proxmox-guest proxmox-models qemu-command spectre-meltdown-checker vdsm lscpu-part ld.so-help flags-list qemu-cpu-help vsphere vmx xapi xl-cpuid firecracker cloud-hypervisor incus-resources incus-cluster-group opennebula cloudstack freebsd-dmesg ganeti terraform vagrantfile' -- "$word"); return ;;
    convert:--format) mapfile -t COMPREPLY < <(compgen -W 'libvirt qemu proxmox proxmox-vm nova kubevirt ovirt xl xen-featureset firecracker vmx evc march' -- "$word"); return ;;
    convert:--color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$word"); return ;;
    convert:--libvirt) mapfile -t COMPREPLY < <(compgen -W '11.3 12.8' -- "$word"); return ;;
    name:--arch) mapfile -t COMPREPLY < <(compgen -W 'x86_64 i686 s390x riscv64 loongarch64' -- "$word"); return ;;
    name:--color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$word"); return ;;
    name:--libvirt) mapfile -t COMPREPLY < <(compgen -W '11.3 12.8' -- "$word"); return ;;
    batch:--libvirt) mapfile -t COMPREPLY < <(compgen -W '11.3 12.8' -- "$word"); return ;;
    mcp:--tool) mapfile -t COMPREPLY < <(compgen -W 'decode baseline compare update start update-live expand migratable encode convert identical validate capabilities domcapabilities cpu-models name tree hypervisor-cpu-models hypervisor-cpu-compare hypervisor-cpu-baseline models guest-check hosts explain pools advise what-if migrate drain drift check audit doctor verify level fits' -- "$word"); return ;;
    mcp:--libvirt) mapfile -t COMPREPLY < <(compgen -W '11.3 12.8' -- "$word"); return ;;
    page:--libvirt) mapfile -t COMPREPLY < <(compgen -W '11.3 12.8' -- "$word"); return ;;
    serve:--libvirt) mapfile -t COMPREPLY < <(compgen -W '11.3 12.8' -- "$word"); return ;;
    inventory:--what) mapfile -t COMPREPLY < <(compgen -W 'export import recompute tidy' -- "$word"); return ;;
    inventory:--libvirt) mapfile -t COMPREPLY < <(compgen -W '11.3 12.8' -- "$word"); return ;;
    completion:--shell) mapfile -t COMPREPLY < <(compgen -W 'bash zsh fish' -- "$word"); return ;;
    completion:--libvirt) mapfile -t COMPREPLY < <(compgen -W '11.3 12.8' -- "$word"); return ;;
  esac
  if [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
  elif [[ $words ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
  fi
}
complete -o default -F _virt_cpu virt-cpu
