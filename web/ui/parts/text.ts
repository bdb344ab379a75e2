/** `1 host`, `12 345 hosts` */
export const formatCount = (n: number, noun: string): string =>
  `${formatNumber(n)} ${noun}${n === 1 ? '' : 's'}`

/** `12 345`: thin spaces separate groups of three digits. */
export const formatNumber = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, '\u2009')

/** The first names, and how many more there are. */
export const formatNames = (names: readonly string[]): string =>
  names.length <= 4 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`

/** A group's title where there is little room: a host without its domain, of a long name the end, which tells most, and how many hosts. */
export function shortTitle(title: string, letters: number): string {
  const short = title.replace(/^([^. ]+)\.[^ ]+/, '$1').replace(/ and (\d+) more$/, ' +$1')
  if (short.length <= letters) return short
  const [silicon = '', count] = short.split(/(?= · )/)
  return count ? `${silicon.slice(0, letters - count.length - 1)}…${count}` : `…${short.slice(1 - letters)}`
}

/** The style class of a level: `v4` for `x86-64-v4`. */
export const classOfLevel = (level: string | null): string => level?.replace('x86-64-', '') || 'none'
