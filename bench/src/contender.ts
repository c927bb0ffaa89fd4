// A process that trains when it is told to and waits otherwise, so that contenders can take turns. Ours and the peers'
// speak the same lines of JSON (step-process.ts says which).

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

export interface Measurement {
  readonly imagesPerSecond: number
  readonly peakMegabytes: number
  /** Processor time that the process took, over all its threads. */
  readonly processorSeconds: number
}

/** What a process answers instead of being ready when it cannot train the case, e.g. for want of memory. */
export interface Refusal {
  readonly unable: string
}

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
   * @param environment variables beside those of this process
   */
  static async start(
    command: string,
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<Contender | Refusal> {
    const env = { ...process.env, ...environment }
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env })
    const ended = new Promise<number | null>((resolve, reject) => {
      child.on('error', reject)
      child.on('exit', resolve)
    })
    const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
    const first = await Promise.race([lines.next(), ended.then(() => lines.next())])
    // For want of memory, perhaps, and then the system says nothing more.
    if (first.done === true)
      return { unable: `the process ended with code ${await ended} before its first step` }
    const answer = parse(first.value)
    if (typeof answer.unable === 'string') return { unable: answer.unable }
    return new Contender(child, lines, answer)
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

  /** Waits for the end of the process after {@link close}. */
  async ended(): Promise<void> {
    if (this.#process.exitCode === null) await once(this.#process, 'exit')
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
