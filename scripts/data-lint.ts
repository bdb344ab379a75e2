// Holds the data against its laws: node scripts/run-ts.mjs scripts/data-lint.ts [--write]
// With --write the files are put into their form first.
import { readFileSync, writeFileSync } from 'node:fs'
import type { ArchitectureData } from '../src/arch/driver.ts'
import { ARCHITECTURES } from '../src/arch/registry.ts'
import { catalogue } from '../src/formats/catalogue.ts'
import { CpuMap, databaseTexts } from '../src/map/cpu-map.ts'
import { dataFile, dataNames, readDataFile } from '../src/map/data.ts'
import { builtinErrors } from '../src/map/error-table.ts'
import { lint, lintCited, lintFiles, lintKvm } from '../src/map/lint/files.ts'
import { type LintFinding, lintSubject, printFinding } from '../src/map/lint/models.ts'
import { builtinSystems } from '../src/map/system-needs.ts'
import { formatData } from '../src/map/text/format.ts'
import { builtinUpgradeFacts } from '../src/map/upgrades.ts'
import { builtinVulnerabilities } from '../src/map/vulnerabilities.ts'

/** They have laws of their own. */
const KVM = 'x86/kvm.txt'
const OWN = [KVM, 'arm/names.txt', 'arm/levels.txt']

const own = ARCHITECTURES.map(({ data }) => data)

if (process.argv.includes('--write')) {
  for (const name of OWN) tidy(name, name)
  for (const { folder, lists = {} } of own) {
    const { tables, database } = filesOf(folder)
    for (const name of database) tidy(name, name)
    for (const name of tables) tidy(name, lists[name] ? name : 'features.txt')
  }
} else {
  const sources = readFileSync('docs/sources.md', 'utf8')
  const released = readFileSync('test/expected/released.txt', 'utf8')
  // Throws where a template cannot be read.
  builtinErrors()
  catalogue()
  builtinSystems()
  builtinUpgradeFacts()
  builtinVulnerabilities()
  const findings = [
    ...own.flatMap(data => findingsOf(data, sources, data.folder === 'x86' ? released : '')),
    ...[
      'catalogue.txt',
      'causes.txt',
      'effects.txt',
      'errors.txt',
      'generations.txt',
      'needs.txt',
      'upgrades.txt',
      'vulnerabilities.txt',
      'arm/levels.txt',
      'arm/names.txt',
    ].flatMap(name => lintCited(dataFile(name), sources)),
    ...lintKvm(dataFile(KVM), CpuMap.builtIn().of('x86'), sources),
  ]
  for (const finding of findings) console.log(printFinding(finding))
  if (findings.length > 0) process.exitCode = 1
}

function findingsOf(
  { folder, lists = {} }: ArchitectureData,
  sources: string,
  released: string,
): LintFinding[] {
  const { tables, database } = filesOf(folder)
  const found = database.length > 0 ? lint(lintSubject(databaseTexts(folder), sources, released)) : []
  const named = found.map(finding => ({ ...finding, file: `${folder}/${finding.file}` }))
  const texts = Object.fromEntries(tables.map(name => [name, readDataFile(name)]))
  return [...named, ...lintFiles(texts, lists, sources)]
}

/** The files of a database, where models are made of features, and those that stand alone. */
function filesOf(folder: string): { readonly database: string[]; readonly tables: string[] } {
  const names = dataNames(folder)
  const isDatabase = names.includes(`${folder}/walk.txt`)
  const parts = ['features', 'walk', 'names', 'deps'].map(part => `${folder}/${part}.txt`)
  const database = names.filter(name => isDatabase && (parts.includes(name) || name.includes('/models/')))
  return { database, tables: names.filter(name => ![...database, ...OWN].includes(name)) }
}

/** @param form the name of a file whose form it has */
function tidy(name: string, form: string): void {
  const formatted = formatData(readDataFile(name), form)
  if (formatted !== readDataFile(name)) writeFileSync(`data/${name}`, formatted)
}
