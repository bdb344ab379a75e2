import type { NamedCpu } from '../../formats/found.ts'
import { readFile } from '../../host/files/cpus.ts'
import type { InputFile } from '../../host/files/files.ts'
import { inVirshsWords } from './hosts.ts'

/**
 * The first CPU of a file; the rest must be well-formed all the same. Undefined for a file of a directory
 * that holds none.
 * @param alone whether it is clear which file an error is about, as it is to virsh
 * @throws FileError, CommandError in libxml2's words
 */
export async function firstCpu(file: InputFile, alone: boolean): Promise<NamedCpu | undefined> {
  const found: NamedCpu[] = []
  await readFile(file, {
    cpu: cpu => {
      if (found.length === 0) found.push({ ...cpu, source: file.path })
    },
    fault: (error, bytes) => inVirshsWords(error, bytes, !alone),
  })
  return found[0]
}
