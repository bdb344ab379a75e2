declare module '*/page-lean.mjs' {
  export function dataAlone(text: string): string
  export function withoutExcerpts(text: string): string
  export function withPureValues(text: string): string
  export function withUsedMembers(text: string): string
}
