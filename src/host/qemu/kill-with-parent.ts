import { spawn } from 'node:child_process'

/**
 * Ties a child, which must lead a process group, to this process: however this one ends, by Ctrl-C or `kill -9`
 * too, a shell that waits for a pipe to close kills the group. Answers how to let go once the child has ended.
 */
export function leash(pid: number): () => void {
  if (process.platform === 'win32') return () => {}
  const script = 'read -r _; kill -9 -"$1"'
  const guard = spawn('/bin/sh', ['-c', script, 'guard', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  // Where there is no shell the child is still ended by whoever started it.
  guard.on('error', () => {})
  guard.unref()
  return () => void guard.kill('SIGKILL')
}
