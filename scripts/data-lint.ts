// Holds the data against its laws: node scripts/run-ts.mjs scripts/data-lint.ts [--write]
// With --write the files are put into their form first.
import { readFileSync, writeFileSync } from 'node:fs'
import type { ArchitectureData } from '../src/arch/driver.ts'
import { drivers } from '../src/arch/registry.ts'
import { TEXTS } from '../src/map/built-in.ts'
import type { DatabaseTexts } from '../src/map/database.ts'
import { lintCited } from '../src/map/lint/cited.ts'
import { lint, lintFiles } from '../src/map/lint/files.ts'
import { type LintFinding, printFinding } from '../src/map/lint/lint-finding.ts'
import { lintSubject } from '../src/map/lint/subject.ts'
import { formatData } from '../src/map/text/format.ts'

if (process.argv.includes('--write')) {
  tidy('x86', namesOf(TEXTS))
  for (const { data: dataOf } of drivers()) {
    const data = dataOf()
    if (data.database && data.folder) tidy(data.folder, namesOf(data.database))
    for (const file of Object.keys(data.files ?? {}))
      tidy('.', [file], data.lists?.[file] ? file : 'features.txt')
  }
} else {
  const sources = readFileSync('docs/sources.md', 'utf8')
  const released = readFileSync('test/expected/released.txt', 'utf8')
  const findings = [
    ...lint(lintSubject(TEXTS, sources, released)),
    ...drivers().flatMap(({ data }) => findingsOf(data(), sources)),
    ...['causes.txt', 'effects.txt'].flatMap(name =>
      lintCited({ name, text: readFileSync(`data/${name}`, 'utf8') }, sources),
    ),
  ]
  for (const finding of findings) console.log(printFinding(finding))
  if (findings.length > 0) process.exitCode = 1
}

function findingsOf(
  { folder, database, files = {}, lists = {} }: ArchitectureData,
  sources: string,
): LintFinding[] {
  const own = database ? lint(lintSubject(database, sources, '')) : []
  const named = own.map(finding => ({ ...finding, file: `${folder}/${finding.file}` }))
  return [...named, ...lintFiles(files, lists, sources)]
}

function namesOf({ models, names, deps }: DatabaseTexts): string[] {
  const optional = [names !== undefined && 'names.txt', deps !== undefined && 'deps.txt'].filter(Boolean)
  return ['features.txt', ...Object.keys(models), 'walk.txt', ...optional] as string[]
}

/** @param form the name of a file whose form it is; absent: its own */
function tidy(folder: string, files: readonly string[], form?: string): void {
  for (const file of files) {
    const path = `data/${folder}/${file}`
    const text = readFileSync(path, 'utf8')
    const formatted = formatData(text, form ?? file)
    if (formatted !== text) writeFileSync(path, formatted)
  }
}
