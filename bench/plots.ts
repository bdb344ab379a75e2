// Draws what `npm run bench -- --json docs/images/bench.json` found: node scripts/run-ts.mjs bench/plots.ts
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

type Row = Partial<Record<'n' | 'cpu' | 'mb', number>> & Record<'section' | 'what' | 'program', string>
type Point = readonly [x: number, y: number]
interface Series {
  readonly name: string
  readonly points: readonly Point[]
}

const folder = process.argv[2] ?? 'docs/images'
const bench = JSON.parse(readFileSync(join(folder, 'bench.json'), 'utf8'))
const { rows, against } = bench as { readonly rows: readonly Row[]; readonly against?: string }

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [680, 380, 72, 560, 48, 336]
/** The inks of series, on light and dark pages. */
const LIGHT = ['#1a5bb8', '#b5431a', '#22704e', '#56606b', '#8a4fbf', '#8a6d00']
const DARK = ['#82b4ff', '#f2926a', '#74c69d', '#a3adb7', '#c9a2f2', '#e0c05c']
const inks = (all: readonly string[]) =>
  all.map((ink, i) => `.s${i}{stroke:${ink}}.f${i}{fill:${ink}}`).join('')
const STYLE = `text{font:13px system-ui,sans-serif;fill:#1b1f24}.soft{fill:#56606b}.title{font-weight:600;font-size:15px}
line{stroke:#e1e4e8}polyline{fill:none;stroke-width:2.5;stroke-linejoin:round}${inks(LIGHT)}
@media (prefers-color-scheme:dark){text{fill:#e6e9ec}.soft{fill:#a3adb7}line{stroke:#2b3138}${inks(DARK)}}`

const text = (x: number, y: number, said: string, css: string, anchor = 'start'): string =>
  `<text x="${x.toFixed(0)}" y="${y.toFixed(0)}" class="${css}" text-anchor="${anchor}">${said}</text>`

function write(name: string, title: string, body: readonly string[]): void {
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}">`
  const all = [head, `<style>${STYLE}</style>`, text(16, 26, title, 'title'), ...body, '</svg>']
  writeFileSync(join(folder, `${name}.svg`), `${all.join('\n')}\n`)
}

/** The powers of ten around values, and where a value is between them, from 0 to 1. */
function scaleOf(values: readonly number[]) {
  const from = Math.floor(Math.log10(Math.min(...values)))
  const to = Math.ceil(Math.log10(Math.max(...values)))
  const powers = Array.from({ length: to - from + 1 }, (_, i) => 10 ** (from + i))
  return { powers, place: (value: number) => (Math.log10(value) - from) / (to - from) }
}

/** Both axes by powers of ten; each line is named at its end. */
function drawLines(name: string, title: string, all: readonly Series[], unit: (y: number) => string): void {
  const series = all.filter(({ points }) => points.length > 1)
  const points = series.flatMap(one => one.points)
  const [xs, ys] = [scaleOf(points.map(([x]) => x)), scaleOf(points.map(([, y]) => y))]
  const xOf = (x: number) => LEFT + xs.place(x) * (RIGHT - LEFT)
  const yOf = (y: number) => BOTTOM - ys.place(y) * (BOTTOM - TOP)
  const ends = series.map(({ name: label, points: own }, i) => {
    const [x, y] = own.at(-1) ?? [1, 1]
    return { i, label, x: xOf(x) + 8, y: yOf(y) + 4 }
  })
  write(name, title, [
    ...ys.powers.flatMap(y => [
      `<line x1="${LEFT}" x2="${RIGHT}" y1="${yOf(y)}" y2="${yOf(y)}"/>`,
      text(LEFT - 8, yOf(y) + 4, unit(y), 'soft', 'end'),
    ]),
    ...xs.powers.map(x => text(xOf(x), BOTTOM + 20, x.toLocaleString('en'), 'soft', 'middle')),
    text((LEFT + RIGHT) / 2, BOTTOM + 38, 'hosts', 'soft', 'middle'),
    ...series.map(({ points: own }, i) => {
      const path = own.map(([x, y]) => `${xOf(x).toFixed(1)},${yOf(y).toFixed(1)}`).join(' ')
      return `<polyline class="s${i}" points="${path}"/>`
    }),
    ...apart(ends).map(({ i, label, x, y }) => text(x, y, label, `f${i}`)),
  ])
}

/** Labels that would lie on each other are moved down. */
function apart<T extends { readonly y: number }>(labels: readonly T[]): T[] {
  let last = Number.NEGATIVE_INFINITY
  return labels
    .toSorted((a, b) => a.y - b.y)
    .map(label => {
      last = Math.max(label.y, last + 15)
      return { ...label, y: last }
    })
}

function drawBars(name: string, title: string, groups: readonly string[], programs: readonly string[]): void {
  const all = rows.filter(({ section, what }) => section === 'start-up' && groups.includes(what))
  const most = Math.max(...all.map(({ cpu = 0 }) => cpu))
  const thick = (HEIGHT - 110) / (groups.length * (programs.length + 1))
  const bars = all.map(({ what, program, cpu = 0 }) => {
    const i = programs.indexOf(program)
    const y = 56 + thick * (groups.indexOf(what) * (programs.length + 1) + i)
    const width = (cpu / most) * 330
    const bar = `<rect class="f${i}" x="210" y="${y}" width="${width}" height="${thick - 2}" rx="2"/>`
    return i < 0 ? '' : bar + text(218 + width, y + thick - 4, `${cpu.toFixed(0)} ms ${program}`, 'soft')
  })
  const names = groups.map((what, g) =>
    text(200, 56 + thick * (g * (programs.length + 1) + programs.length / 2 + 0.2), what, '', 'end'),
  )
  write(name, title, [...names, ...bars])
}

const found = (section: string, program: string, key: 'cpu' | 'mb', what: RegExp): Point[] =>
  rows.flatMap(row => {
    const isOfIt = row.section === section && row.program === program && what.test(row.what)
    return isOfIt && row.n && row[key] ? [[row.n, row[key]] as const] : []
  })
const seconds = (ms: number) => (ms < 1000 ? `${ms} ms` : `${ms / 1000} s`)
const megabytes = (mb: number) => (mb < 1000 ? `${mb} MB` : `${mb / 1000} GB`)

const baselines = ['virt-cpu', 'virsh', 'binary', 'before'].map(program => ({
  name: program === 'before' ? (against ?? program) : program,
  points: found('baseline', program, 'cpu', /^\d+ hosts$/),
}))
const fleets = (key: 'cpu' | 'mb') =>
  ['hosts', 'explain', 'pools', 'migrate', 'audit'].map(name => ({
    name,
    points: found('fleet', 'virt-cpu', key, RegExp(`^${name},`)),
  }))
const memory = { name: 'cpu-baseline', points: found('baseline', 'virt-cpu', 'mb', /^\d+ hosts$/) }
drawLines('speed-baseline', 'cpu-baseline: processor time by number of hosts', baselines, seconds)
drawLines('speed-fleet', 'Questions about a fleet: processor time', fleets('cpu'), seconds)
drawLines('speed-memory', 'Memory by number of hosts', [memory, ...fleets('mb')], megabytes)
const STARTS = ['--version', 'cpu-models x86_64', 'cpu-baseline two.xml']
drawBars('speed-start', 'Starting: processor time', STARTS, ['virt-cpu', 'virsh', 'binary', 'Node'])
