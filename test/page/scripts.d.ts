declare module '*/page-lean.mjs' {
  export function dataAlone(text: string): string
}

declare module '*/lzma.mjs' {
  export function packLzma(bytes: Uint8Array): Buffer
}
