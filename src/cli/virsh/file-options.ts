/** The files of a command that reads CPUs. */
export const FILES = { name: 'file', value: 'string', positional: 'many', required: true } as const
