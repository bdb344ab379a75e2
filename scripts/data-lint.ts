// Holds the data against its laws: node scripts/run-ts.mjs scripts/data-lint.ts [--write]
// With --write the files are put into their form first.
import { readFileSync, writeFileSync } from 'node:fs'
import { TEXTS } from '../src/database/builtin.ts'
import { printFinding } from '../src/database/finding.ts'
import { formatData } from '../src/database/format.ts'
import { lint } from '../src/database/lint.ts'
import { lintSubject } from '../src/database/lint-subject.ts'

const FILES = ['features.txt', ...Object.keys(TEXTS.models), 'walk.txt', 'names.txt', 'deps.txt']

if (process.argv.includes('--write')) {
  for (const file of FILES) {
    const path = `data/x86/${file}`
    const text = readFileSync(path, 'utf8')
    const tidy = formatData(text, file)
    if (tidy !== text) writeFileSync(path, tidy)
  }
} else {
  const sources = readFileSync('docs/sources.md', 'utf8')
  const released = readFileSync('test/expected/released.txt', 'utf8')
  const findings = lint(lintSubject(TEXTS, sources, released))
  for (const finding of findings) console.log(printFinding(finding))
  if (findings.length > 0) process.exitCode = 1
}
