import type { VfioCondition, VfioName } from '../../formats/host/vfio.ts'
import type { HostTree } from './tree.ts'

/** Whether a module of the kernel is loaded or built in; one that is neither may still be there to be loaded. */
export function moduleCondition(tree: HostTree, name: VfioName, module: string): VfioCondition {
  if (tree.has(`sys/module/${module}`))
    return { name, state: 'met', evidence: `the module ${module} is loaded or built in` }
  const file = new RegExp(`/${module.replaceAll('_', '[-_]')}\\.ko`)
  if (listOf(tree, 'builtin').some(line => file.test(line)))
    return { name, state: 'met', evidence: `the module ${module} is built in` }
  const isThere = listOf(tree, 'dep').some(line => file.test(line.split(':', 1)[0] ?? ''))
  return {
    name,
    state: 'unmet',
    evidence: `the module ${module} is not loaded${isThere ? '' : ', and this kernel seems to have none'}`,
    mend: isThere
      ? `modprobe ${module.replaceAll('_', '-')}`
      : "install the modules of the running kernel, or one with CONFIG_VFIO_PCI; a container's host has to load it",
  }
}

/** The lines of a list about the running kernel's modules. */
function listOf(tree: HostTree, kind: 'builtin' | 'dep'): string[] {
  const release = tree.text('proc/sys/kernel/osrelease')
  return tree.text(`lib/modules/${release}/modules.${kind}`)?.split('\n') ?? []
}
