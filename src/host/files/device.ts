import { closeSync, openSync } from 'node:fs'
import { fileError } from './file-error.ts'

/** What is read from a device, which is closed whatever comes of it. @throws FileError where it cannot be opened */
export function fromDevice<T>(path: string, read: (device: number) => T): T {
  const device = opened(path)
  try {
    return read(device)
  } finally {
    closeSync(device)
  }
}

function opened(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (error) {
    throw fileError('open', path, error)
  }
}
