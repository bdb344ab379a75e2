import { names, read } from 'virtual:data'
import type { DataFile } from './text/data-file.ts'

/**
 * The text of one of our data files, by its name below `data`: `x86/features.txt`. The one way in which code reads
 * them: what it reads from, strings or files, is the bundle's business.
 * @throws RangeError where there is no such file
 */
export function readDataFile(name: string): string {
  const text = read(name)
  if (text === undefined) throw new RangeError(`no data file is called ${name}`)
  return text
}

/** The same, as a file to parse. @throws RangeError */
export const dataFile = (name: string): DataFile => ({ name, text: readDataFile(name) })

/** The names of the data files of a folder, below `data`, in no special order. */
export const dataNames = (folder: string): string[] => names().filter(name => name.startsWith(`${folder}/`))

/** What the build packed of a folder for a fast start; undefined where nothing is packed. */
export const readPacked = (folder: string): string | undefined => read(`${folder}.packed`)
