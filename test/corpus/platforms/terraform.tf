# two machines of libvirt, and one of Proxmox
resource "libvirt_domain" "web" {
  name   = "web"
  vcpu   = 2
  disk { volume_id = libvirt_volume.root.id }
  cpu = {
    mode     = "custom"
    model    = "Haswell"
    features = [{ name = "avx2", policy = "disable" }, { name = "pcid" }]
  }
}

resource "libvirt_domain" "plain" {
  memory = var.memory
}

resource "proxmox_virtual_environment_vm" "k8s" {
  name      = "k8s-1"
  node_name = "pve1"
  cpu {
    cores = 4
    type  = "host"
    flags = ["+aes", "-pcid"]
  }
}

source "qemu" "image" {
  cpus     = 2
  qemuargs = [["-m", "2048"], ["-cpu", "Nehalem,+aes,enforce"]]
}
