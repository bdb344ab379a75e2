import type { Cpu } from '../core/cpu.ts'

/** An output dialect: one form of text in which a guest's CPU can be written. */
export interface Printer {
  /** What `--format` and requests call it. */
  readonly name: string
  /** What people call it. */
  readonly title: string
  /** The input dialect that reads what it writes. Absent: none does. */
  readonly readBy?: string
  /** Whether the program that reads it knows the features of models, so that they need not be listed. */
  readonly omitsModelFeatures?: true
  /** Whether what it writes depends on the version of QEMU that is to read it. */
  readonly dependsOnQemu?: true
  /** @throws LibvirtError for a CPU of which the dialect can express nothing */
  print(cpu: Cpu, options?: PrintOptions): Printed
}

export interface PrintOptions {
  /** The version of the QEMU that is to read it: `9.2`. Absent: the newest known. */
  readonly qemu?: string | undefined
  /** What the definition is called where the dialect names it. Absent: after its model. */
  readonly name?: string | undefined
}

/** A definition as text, and what the text does not say. */
export interface Printed {
  /** Ends with a line feed. */
  readonly text: string
  /** Empty: whoever reads the text gets the same CPU. */
  readonly notExpressed: readonly NotExpressed[]
}

/** A part of a definition that a dialect has no word for. */
export interface NotExpressed {
  readonly part: DefinitionPart
  /** The features that it is about. Absent: it is about none by name. */
  readonly features?: readonly string[]
  /** What becomes of it, in a sentence without a full stop. */
  readonly why: string
}

export const PARTS = [
  'model',
  'features',
  'policy',
  'match',
  'check',
  'vendor',
  'vendor-id',
  'migratable',
  'deprecated-features',
  'cache',
  'address-width',
  'topology',
  'numa',
] as const

/** What of a definition is not expressed. */
export type DefinitionPart = (typeof PARTS)[number]
