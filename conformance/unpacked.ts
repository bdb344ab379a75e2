import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { DataFolder } from './data.ts'

/** Runs with a folder's parts, which may be packed in `.tar.gz` files beside their places. Nothing is left behind. */
export function withUnpacked<T>(
  folder: DataFolder,
  names: readonly string[],
  run: (folder: DataFolder) => T,
): T {
  const packed = names.filter(name => !folder.has(name))
  if (packed.length === 0) return run(folder)
  const scratch = mkdtempSync(join(tmpdir(), 'virt-cpu-'))
  try {
    for (const name of names) unpack(folder, name, scratch)
    return run(new DataFolder(scratch))
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

/** Links lead from one part into another: all of them end up side by side. */
function unpack(folder: DataFolder, name: string, target: string): void {
  const archive = join(folder.path, `${name}.tar.gz`)
  if (folder.has(name)) symlinkSync(resolve(folder.path, name), join(target, name))
  else if (existsSync(archive)) {
    const { status, stderr } = spawnSync('tar', ['-xzf', archive, '-C', target], { encoding: 'utf8' })
    if (status !== 0) throw new Error(`cannot unpack ${archive}: ${stderr}`)
  }
}

/** Runs with a host's tree made of links: its paths, and what each stands for. */
export function withTree<T>(links: Readonly<Record<string, string>>, run: (root: string) => T): T {
  const root = mkdtempSync(join(tmpdir(), 'virt-cpu-'))
  try {
    for (const [path, target] of Object.entries(links)) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      symlinkSync(resolve(target), join(root, path))
    }
    return run(root)
  } finally {
    rmSync(root, { recursive: true })
  }
}
