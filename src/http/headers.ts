/** Of every response: nothing is guessed, kept, framed, or told to other sites. */
export const SAFE_HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'x-frame-options': 'DENY',
  'cache-control': 'no-store',
} as const

/** A document that loads and runs nothing: all answers but the page. */
export const NOTHING_ALLOWED = "default-src 'none'; frame-ancestors 'none'"

/**
 * What the page may do: exactly what its own `<meta>` says, and nobody may frame it. A policy in a `<meta>` can
 * not say the latter.
 */
export function pagePolicy(html: string): string {
  const own = /<meta http-equiv="Content-Security-Policy" content="([^"]*)"/i.exec(html)?.[1]
  return `${own ?? "default-src 'none'"}; frame-ancestors 'none'`
}
