// The architectures beside x86, one line each.
export { arm } from './arm/driver.ts'
export { loongarch64 } from './loongarch64/driver.ts'
export { ppc64 } from './ppc64/driver.ts'
export { riscv64 } from './riscv64/driver.ts'
export { s390x } from './s390x/driver.ts'
