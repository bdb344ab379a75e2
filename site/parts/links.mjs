// Holds every link of the built site: the page or file is there, and so is the place in it.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, relative } from 'node:path'

/** Links that lead nowhere, one line each, and requests to elsewhere. */
export function deadLinks(folder, base) {
  const pages = new Map(
    readdirSync(folder, { recursive: true })
      .filter(name => name.endsWith('.html') && !name.startsWith('files/') && name !== 'live-fleet.html')
      .map(name => [name, pageOf(readFileSync(join(folder, name), 'utf8'))]),
  )
  return [...pages].flatMap(([name, { links, loads }]) => [
    ...links.flatMap(link => faultOf(link, name, { folder, base, pages })),
    ...loads.filter(url => /^(?:https?:)?\/\//.test(url)).map(url => `${name}: loads ${url}`),
  ])
}

const pageOf = html => ({
  ids: new Set(Array.from(html.matchAll(/\sid="([^"]+)"/g), ([, id]) => id)),
  links: Array.from(html.matchAll(/<a\s[^>]*?href="([^"]*)"/g), ([, href]) => href.replaceAll('&amp;', '&')),
  loads: Array.from(
    html.matchAll(/<(?:script|link|img|iframe)\s[^>]*?(?:src|href)="([^"]*)"/g),
    ([, url]) => url,
  ),
})

function faultOf(link, from, { folder, base, pages }) {
  if (/^(?:https?:|mailto:)/.test(link)) return []
  const [path = '', hash = ''] = link.split('#')
  const file = path === '' ? from : fileOf(path, from, base)
  const page = pages.get(file)
  if (!page) return existsSync(join(folder, file)) ? [] : [`${from}: ${link} is not there`]
  const id = decodeURIComponent(hash)
  return id === '' || page.ids.has(id) ? [] : [`${from}: ${link} has no such place`]
}

function fileOf(path, from, base) {
  const name = path.startsWith(base) ? path.slice(base.length) : posix.join(dirname(from), path)
  return relative('.', name.endsWith('/') || name === '' ? `${name}index.html` : decodeURIComponent(name))
}
