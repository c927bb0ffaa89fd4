// Runs the built command line as its own process, as a user does, and looks at what it leaves behind.

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'

export const mainFile = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

export interface Outcome {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface CommandOptions {
  readonly cwd: string
  /** Called once with the process when stdout holds this text. */
  readonly when?: { readonly stdout: string; readonly act: (kill: (signal: NodeJS.Signals) => void) => void }
  /** Called when the process is there. */
  readonly started?: (kill: (signal: NodeJS.Signals) => void) => void
  /** Shell commands before the program, e.g. a resource limit. */
  readonly before?: string
}

/** `dctps ...args`, to its end. */
export function dctps(
  args: readonly string[],
  { cwd, when, started, before }: CommandOptions,
): Promise<Outcome> {
  const command = [process.execPath, mainFile, ...args]
  const [file, ...rest] =
    before === undefined ? command : ['bash', '-c', `${before}; exec "$@"`, 'bash', ...command]
  const caches = { DCTPS_CACHE: join(cwd, 'cache'), DCTPS_TRANSFORM_CACHE: '' }
  const data = { DCTPS_DATA: join(cwd, 'fetched') }
  const child = spawn(file!, rest, { cwd, env: { ...process.env, ...caches, ...data } })
  started?.((signal) => child.kill(signal))
  let stdout = ''
  let stderr = ''
  let waiting = when
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
    if (waiting !== undefined && stdout.includes(waiting.stdout)) {
      waiting.act((signal) => child.kill(signal))
      waiting = undefined
    }
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
}

/** Every file below a folder with a hash of its contents. */
export async function snapshot(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const hashed = files.sort().map(async (file) => {
    const hash = createHash('sha256').update(await readFile(file))
    return [file, hash.digest('hex')] as const
  })
  return Object.fromEntries(await Promise.all(hashed))
}

/** One line on stderr that begins with the command, matches every pattern, and is no stack trace. */
export function expectOneLine({ stderr }: Outcome, command: string, ...patterns: readonly RegExp[]): void {
  expect(stderr).toMatch(/^[^\n]+\n$/)
  expect(stderr.startsWith(`${command}: `), stderr).toBe(true)
  expect(stderr).not.toMatch(/\bat .*\.js:\d+|unexpected error/)
  for (const pattern of patterns) expect(stderr).toMatch(pattern)
}
