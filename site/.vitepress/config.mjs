import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(dirname(fileURLToPath(import.meta.url)))
const { commands, questions } = JSON.parse(readFileSync(join(here, '.pages/sidebar.json'), 'utf8'))

const item = (text, link) => ({ text, link })
const list = (text, pages, more = {}) => ({
  text,
  items: pages.map(([title, link]) => item(title, link)),
  ...more,
})

const START = list('In five minutes', [
  ['Where to begin', '/start/'],
  ['virsh', '/start/virsh'],
  ['Proxmox VE', '/start/proxmox'],
  ['KubeVirt', '/start/kubevirt'],
  ['Nova and oVirt', '/start/nova-ovirt'],
  ['Xen and XCP-ng', '/start/xen'],
  ['The library', '/start/library'],
  ['CI', '/start/ci'],
])

const UNDERSTAND = list('Understand', [
  ['Concepts', '/concepts'],
  ['What it does', '/overview'],
  ['How to check an answer', '/check-answers'],
  ['Not features', '/not-features'],
  ['Words', '/glossary'],
  ['The algebra', '/algebra'],
  ['The theory of pools', '/fleet-theory'],
  ['Performance', '/performance'],
])

const GUIDE = list('Use', [
  ['Installing', '/install'],
  ['The command', '/cli'],
  ["A fleet's story", '/fleet'],
  ['The fleet file', '/fleet-file'],
  ['Formats', '/formats'],
  ['Gathering hosts', '/collect'],
  ['Error texts', '/doctor'],
  ['Vulnerabilities', '/audit'],
  ['Proof on QEMU', '/verify'],
  ['capabilities', '/capabilities'],
  ['domcapabilities', '/domcapabilities'],
  ['libvirt versions', '/libvirt-versions'],
  ['The page', '/page'],
  ['CI', '/ci'],
  ['Assistants', '/mcp'],
  ['The library', '/library'],
  ['The server', '/serve'],
  ['Running a server', '/operations'],
])

const PROJECT = list('The project', [
  ['Stories', '/stories'],
  ['Decisions', '/decisions/'],
  ['The data', '/data'],
  ['Sources', '/sources'],
  ['Quality', '/quality'],
  ['Mutants', '/mutation'],
  ['Contributing', '/contributing'],
  ['A new libvirt or QEMU', '/updating'],
  ['Security', '/security'],
  ['Conduct', '/conduct'],
  ['Changes', '/changelog'],
  ['Files', '/files'],
])

const GUIDES = [START, UNDERSTAND, GUIDE, PROJECT]

const REFERENCE = [
  list('Reference', [
    ['Commands', '/reference/commands/'],
    ['Questions', '/reference/questions/'],
    ['Formats', '/reference/dialects'],
    ['Features', '/reference/features'],
    ['Models', '/reference/models'],
    ['HTTP', '/reference/http'],
    ['Library', '/reference/library/'],
  ]),
  ...commands.map(({ title, names }) =>
    list(
      title === "virsh's commands" ? title : `Commands for ${title}`,
      names.map(name => [name, `/reference/commands/${name}`]),
    ),
  ),
  list(
    'Questions',
    questions.map(name => [name, `/reference/questions/${name}`]),
  ),
]

/** The icon of the page, so that both are seen to be one. */
const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='3' fill='%231d5fbf'/%3E%3Cpath d='M4 4h3v3H4zM9 4h3v3H9zM4 9h3v3H4z' fill='%23fff'/%3E%3C/svg%3E"

/** A column without a title has no header, which would be read out as one. */
function makeEmptyHeadersCells(tokens) {
  for (const [i, token] of tokens.entries())
    if (token.type === 'th_open' && tokens[i + 1].content === '') token.tag = tokens[i + 2].tag = 'td'
}

export default {
  title: 'virt-cpu',
  description: 'Guest CPU models for virtualization fleets',
  srcDir: '.pages',
  outDir: 'dist',
  cacheDir: '.cache',
  metaChunk: true,
  // The generator's first page has no landmark for those who listen to it.
  transformHtml: html =>
    html.replace('<div class="VPContent is-home"', '<div role="main" class="VPContent is-home"'),
  head: [['link', { rel: 'icon', href: ICON }]],
  vite: { publicDir: join(here, '.pages/public'), build: { chunkSizeWarningLimit: 2000 } },
  markdown: {
    theme: { light: 'github-light-high-contrast', dark: 'github-dark' },
    config: md => md.core.ruler.push('empty-headers', ({ tokens }) => makeEmptyHeadersCells(tokens)),
  },
  themeConfig: {
    logo: { src: ICON, alt: '' },
    nav: [
      { text: 'Start', link: '/start/', activeMatch: '^/start/' },
      { text: 'Concepts', link: '/concepts' },
      { text: 'Guide', link: '/overview' },
      { text: 'Reference', link: '/reference/commands/', activeMatch: '^/reference/' },
      { text: 'Live page', link: '/live' },
    ],
    sidebar: { '/reference/': REFERENCE, '/': GUIDES },
    outline: { level: [2, 3] },
    search: { provider: 'local' },
    docFooter: { prev: 'Before', next: 'Next' },
    footer: { message: 'Apache-2.0. This site loads nothing from elsewhere.' },
    notFound: {
      title: 'There is no such page',
      quote: 'The search has all pages, and so has the menu.',
      linkText: 'To the first page',
      linkLabel: 'To the first page',
    },
  },
}
