/** What registers of a CPU held, by the name that the manuals give them: `PVR`, `MIDR_EL1`, `AT_HWCAP`. */
export type Registers = ReadonlyMap<string, bigint>
