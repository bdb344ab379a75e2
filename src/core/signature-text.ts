import type { Signature } from './signature.ts'

/** `6.85.7`: family, model and stepping, decimal. */
export const printSignature = ({ family, model, stepping }: Signature): string =>
  `${family}.${model}.${stepping}`
