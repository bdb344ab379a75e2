import type { AllowedModels, RemovedPolicy } from '../src/arch/driver.ts'
import * as operations from '../src/arch/operations.ts'
import type { Cpu } from '../src/core/cpu.ts'
import type { Cpuid } from '../src/core/cpuid.ts'
import { CpuMap } from '../src/map/cpu-map.ts'
import type { Database } from '../src/map/database.ts'

// libvirt's questions of x86 CPUs.

/** A map with that database for x86. */
const mapOf = (x86: Database): CpuMap => CpuMap.with({ x86 })

export const update = (db: Database, guest: Cpu, host: Cpu | undefined, removed?: RemovedPolicy): Cpu =>
  operations.updateCpu(mapOf(db), 'x86_64', guest, host, removed)

export const updateLive = (db: Database, cpu: Cpu, enabled: Cpuid, disabled: Cpuid): Cpu =>
  operations.updateRunningCpu(mapOf(db), 'x86_64', cpu, enabled, disabled)

export const translate = (db: Database, cpu: Cpu, models: AllowedModels | undefined): Cpu =>
  operations.translate(mapOf(db), 'x86_64', cpu, models)

export const expand = (db: Database, cpu: Cpu): Cpu => operations.expandModel(mapOf(db), 'x86_64', cpu)
