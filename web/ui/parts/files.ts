import type { AddedFile } from '../../shared/protocol.ts'

/** The chosen files; those of a folder with their paths in it. Hidden files are skipped, as in a directory. */
export const filesOfList = (list: FileList | readonly File[]): AddedFile[] =>
  [...list].map(file => ({ path: file.webkitRelativePath || file.name, file })).filter(isShown)

const isShown = ({ path }: AddedFile): boolean => !path.split('/').some(part => part.startsWith('.'))

/** Chromium's extension of the standard type. */
interface DropItem extends DataTransferItem {
  readonly getAsFileSystemHandle?: () => Promise<FileSystemHandle | null>
}

/**
 * The dropped files, and all files below the dropped folders. Chromium gives handles but no entries to a page opened
 * from a file; other browsers give entries but no handles. @param signal ends the search early
 */
export async function filesOfDrop(transfer: DataTransfer, signal: AbortSignal): Promise<AddedFile[]> {
  const items: DropItem[] = [...transfer.items].filter(({ kind }) => kind === 'file')
  // Everything is taken before the first await: afterwards the drop's data is gone.
  const handles = items.map(item => item.getAsFileSystemHandle?.().catch(() => null))
  const entries = items.map(item => item.webkitGetAsEntry())
  const files = items.map(item => item.getAsFile())
  const found = await Promise.all(
    items.map(async (_, i): Promise<AddedFile[]> => {
      const [handle, entry, file] = [await handles[i], entries[i], files[i]]
      if (handle) return filesBelowHandle(handle, handle.name, signal)
      if (entry?.isDirectory) return filesBelowEntry(entry)
      return file ? filesOfList([file]) : []
    }),
  )
  return found.flat().filter(isShown)
}

async function filesBelowHandle(
  handle: FileSystemHandle,
  path: string,
  signal: AbortSignal,
): Promise<AddedFile[]> {
  if (isFileHandle(handle)) return [{ path, file: await handle.getFile() }]
  if (!isFolderHandle(handle)) return []
  const inner: Promise<AddedFile[]>[] = []
  for await (const one of handle.values()) {
    if (signal.aborted) break
    inner.push(filesBelowHandle(one, `${path}/${one.name}`, signal))
  }
  return (await Promise.all(inner)).flat()
}

const isFileHandle = (handle: FileSystemHandle): handle is FileSystemFileHandle => handle.kind === 'file'
const isFolderHandle = (handle: FileSystemHandle): handle is FileSystemDirectoryHandle =>
  handle.kind === 'directory'

async function filesBelowEntry(entry: FileSystemEntry): Promise<AddedFile[]> {
  const path = entry.fullPath.replace(/^\//, '')
  if (isFile(entry)) {
    return [{ path, file: await new Promise<File>((resolve, reject) => entry.file(resolve, reject)) }]
  }
  if (!isFolder(entry)) return []
  const inner = await Promise.all((await entriesOf(entry)).map(filesBelowEntry))
  return inner.flat()
}

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile
const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory

/** A reader returns at most a hundred entries per call. */
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
