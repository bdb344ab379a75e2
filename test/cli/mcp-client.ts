import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { CLI } from './virt-cpu.ts'

const open: Client[] = []

/** How a program starts a server. */
export interface ServerStart {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

/** A client of the protocol's own library; it holds answers against the schemas that the server gave. */
export async function connectTo({ args, ...start }: ServerStart): Promise<Client> {
  const transport = new StdioClientTransport({ ...start, args: [...args], stderr: 'inherit' })
  const client = new Client({ name: 'test', version: '0' })
  await client.connect(transport)
  await client.listTools()
  open.push(client)
  return client
}

/** The same, of the server as it is built. */
export const connectClient = (args: readonly string[], cwd?: string): Promise<Client> =>
  connectTo({ command: process.execPath, args: [CLI, 'mcp', ...args], ...(cwd !== undefined && { cwd }) })

/** For `afterAll` of whoever connects clients. */
export async function closeClients(): Promise<void> {
  await Promise.all(open.splice(0).map(client => client.close()))
}
