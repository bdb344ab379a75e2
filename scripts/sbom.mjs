// Prints what the package brings with it, in CycloneDX: node scripts/sbom.mjs
// npm leaves out of its own list what tools of ours need too, so it is asked about a project that has none.
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const { name, version, license, dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))

const parent = mkdtempSync(join(tmpdir(), 'virt-cpu-sbom-'))
try {
  const npm = (...args) =>
    execFileSync('npm', args, { cwd: parent, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  writeFileSync(join(parent, 'package.json'), JSON.stringify({ name, version, license, dependencies }))
  copyFileSync(join(ROOT, 'package-lock.json'), join(parent, 'package-lock.json'))
  npm('install', '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund')
  process.stdout.write(
    npm('sbom', '--package-lock-only', '--sbom-format=cyclonedx', '--sbom-type=application'),
  )
} finally {
  rmSync(parent, { recursive: true })
}
