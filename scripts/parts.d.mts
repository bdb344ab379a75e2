export const withImportsFirst: (module: string) => string
export const asCommonJs: (module: string) => string
export const isPart: (text: string) => boolean
