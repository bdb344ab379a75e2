/** The sample fleet, baked in by the build. */
declare module 'sample:fleet' {
  const files: readonly { readonly path: string; readonly text: string }[]
  export default files
}
