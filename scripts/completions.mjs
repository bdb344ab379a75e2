// Writes completions/ anew from the built command: node scripts/completions.mjs
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
mkdirSync(`${root}completions`, { recursive: true })
for (const [shell, file] of Object.entries({
  bash: 'virt-cpu.bash',
  zsh: '_virt-cpu',
  fish: 'virt-cpu.fish',
})) {
  writeFileSync(
    `${root}completions/${file}`,
    execFileSync(process.execPath, [`${root}dist/cli.cjs`, 'completion', shell]),
  )
}
