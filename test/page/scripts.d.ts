declare module '*/page-lean.mjs' {
  export function dataAlone(text: string): string
}
