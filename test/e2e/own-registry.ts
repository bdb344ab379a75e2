import { startRegistry } from './registry.ts'

// The registry as a process, where there is no other: node scripts/run-ts.mjs test/e2e/own-registry.ts TARBALL PORT
const [tarball = '', port] = process.argv.slice(2)
await startRegistry(tarball, { port: Number(port), alone: true })
