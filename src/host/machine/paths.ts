/** Where the kernel tells of processors, memory and their arrangement. */
export const CPUS = 'sys/devices/system/cpu'
export const NODES = 'sys/devices/system/node'
export const RESCTRL = 'sys/fs/resctrl/info'
