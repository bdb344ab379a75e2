import type { Given } from '../shared/protocol.ts'

/** Files that were chosen, a folder's with their paths in it. Dot files are passed over, as in a directory. */
export const filesOfList = (list: FileList | readonly File[]): Given[] =>
  [...list].map(file => ({ path: file.webkitRelativePath || file.name, file })).filter(isShown)

const isShown = ({ path }: Given): boolean => !path.split('/').some(part => part.startsWith('.'))

/** What Chromium has beyond the standard's types. */
interface Item extends DataTransferItem {
  readonly getAsFileSystemHandle?: () => Promise<FileSystemHandle | null>
}

/**
 * Files and folders that were dropped, folders with all that is below them. Handles first: Chromium has no entries
 * for a page that was opened from a disk, and other browsers have no handles.
 */
export async function filesOfDrop(transfer: DataTransfer): Promise<Given[]> {
  const items: Item[] = [...transfer.items].filter(({ kind }) => kind === 'file')
  // All are taken before anything is waited for: afterwards the drop is over.
  const handles = items.map(item => item.getAsFileSystemHandle?.().catch(() => null))
  const entries = items.map(item => item.webkitGetAsEntry())
  const files = items.map(item => item.getAsFile())
  const found = await Promise.all(
    items.map(async (_, i): Promise<Given[]> => {
      const [handle, entry, file] = [await handles[i], entries[i], files[i]]
      if (handle) return belowHandle(handle, handle.name)
      if (entry?.isDirectory) return belowEntry(entry)
      return file ? filesOfList([file]) : []
    }),
  )
  return found.flat().filter(isShown)
}

async function belowHandle(handle: FileSystemHandle, path: string): Promise<Given[]> {
  if (isFileHandle(handle)) return [{ path, file: await handle.getFile() }]
  if (!isFolderHandle(handle)) return []
  const inner: Promise<Given[]>[] = []
  for await (const one of handle.values()) inner.push(belowHandle(one, `${path}/${one.name}`))
  return (await Promise.all(inner)).flat()
}

const isFileHandle = (handle: FileSystemHandle): handle is FileSystemFileHandle => handle.kind === 'file'
const isFolderHandle = (handle: FileSystemHandle): handle is FileSystemDirectoryHandle =>
  handle.kind === 'directory'

async function belowEntry(entry: FileSystemEntry): Promise<Given[]> {
  const path = entry.fullPath.replace(/^\//, '')
  if (isFile(entry)) {
    return [{ path, file: await new Promise<File>((resolve, reject) => entry.file(resolve, reject)) }]
  }
  if (!isFolder(entry)) return []
  const inner = await Promise.all((await entriesOf(entry)).map(belowEntry))
  return inner.flat()
}

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile
const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory

/** A reader hands out a hundred entries at a time. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader()
  const all: FileSystemEntry[] = []
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    )
    if (some.length === 0) return all
    all.push(...some)
  }
}
