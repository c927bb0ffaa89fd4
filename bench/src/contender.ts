// A process that trains when it is told to and waits otherwise, so that contenders can take turns. Ours and the peers'
// speak the same lines of JSON (step-process.ts says which).

import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface Measurement {
  readonly imagesPerSecond: number
  readonly peakMegabytes: number
  /** Processor time that the process took, over all its threads. */
  readonly processorSeconds: number
}

/** How a process says that it has no such network. */
const notHere = 3

export class Contender {
  /** Seconds from the start of the process to the end of its first step. */
  readonly startSeconds: number
  /** Version of the library behind it. */
  readonly version: string
  readonly #process: ChildProcess
  readonly #lines: AsyncIterator<string>

  private constructor(child: ChildProcess, lines: AsyncIterator<string>, ready: Record<string, unknown>) {
    this.#process = child
    this.#lines = lines
    this.startSeconds = numberOf(ready, 'ready')
    this.version = String(ready.version)
  }

  /**
   * Waits until the first step is done.
   * @returns null where the other library has no such network
   * @throws Error with what the process said, when it fails
   */
  static async start(command: string, args: readonly string[]): Promise<Contender | null> {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    const ended = new Promise<number | null>((resolve, reject) => {
      child.on('error', reject)
      child.on('exit', resolve)
    })
    const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
    const first = await Promise.race([lines.next(), ended.then(() => lines.next())])
    if (first.done !== true) return new Contender(child, lines, parse(first.value))
    const code = await ended
    if (code === notHere) return null
    throw new Error(`${command} ${args.join(' ')} ended with code ${code} before its first step`)
  }

  async measure(seconds: number): Promise<Measurement> {
    this.#process.stdin!.write(`${seconds}\n`)
    const line = await this.#lines.next()
    if (line.done === true)
      throw new Error(`${this.#process.spawnargs.join(' ')} ended while it was measured`)
    const answer = parse(line.value)
    return {
      imagesPerSecond: numberOf(answer, 'imagesPerSecond'),
      peakMegabytes: numberOf(answer, 'peakMegabytes'),
      processorSeconds: numberOf(answer, 'processorSeconds'),
    }
  }

  close(): void {
    this.#process.stdin!.end()
  }
}

function parse(line: string): Record<string, unknown> {
  const value: unknown = JSON.parse(line)
  if (typeof value !== 'object' || value === null) throw new Error(`expected a JSON object, received ${line}`)
  return { ...value }
}

function numberOf(fields: Record<string, unknown>, name: string): number {
  const value = fields[name]
  if (typeof value !== 'number') throw new Error(`expected a number ${name} in ${JSON.stringify(fields)}`)
  return value
}
