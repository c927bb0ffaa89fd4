// Whether a peer computes what we compute, before it is timed: the same start, batch and labels go to it through a file.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kernelKinds } from 'dctps'
import { type Peer, trainedKind } from './peers.js'
import type { StepCase } from './results.js'
import { describeStep } from './step-file.js'

/** How a peer's process says that it cannot run such a step; it says why when it is to be timed. */
const notHere = 3

/**
 * Seeds of starts that are tried until one agrees: rounding turns a ReLU here or there, and where alpha's gradient nearly
 * cancels that can be a tenth of it (PyTorch's own float32 comes to a fifth on MobileNetV2). Another function agrees from none.
 */
const starts = [1, 2, 3]

type TrainedCase = Omit<StepCase, 'batch' | 'threads'>

/** Remembers what it has checked: the dense network is the peer of every kind. */
export class PeerChecks {
  readonly #done = new Set<string>()

  /** @throws Error when a peer's logits or gradients differ from ours */
  async check(subject: StepCase, peers: readonly Peer[]): Promise<void> {
    const { network } = subject
    for (const kind of kernelKinds) {
      const trained = { network, kind, density: kind === 'dense' ? 1 : subject.density }
      const trains = (peer: Peer) =>
        peer.approaches(subject).some((approach) => trainedKind(subject.kind, approach) === kind)
      const unchecked = peers.filter((peer) => trains(peer) && this.#isNew(peer, trained))
      if (unchecked.length > 0) await compare(trained, unchecked)
    }
  }

  #isNew(peer: Peer, { network, kind, density }: TrainedCase): boolean {
    const name = [...peer.args, network, kind, density].join(' ')
    if (this.#done.has(name)) return false
    this.#done.add(name)
    return true
  }
}

async function compare(subject: TrainedCase, peers: readonly Peer[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'dctps-bench-'))
  try {
    const file = join(folder, 'step.safetensors')
    let open: readonly Peer[] = peers
    let differences: string[] = []
    for (const seed of starts) {
      writeFileSync(file, await describeStep(subject, seed))
      differences = []
      open = open.filter(({ name, command, args }) => {
        const { status, stdout, stderr } = spawnSync(command, [...args, '--check', file], {
          encoding: 'utf8',
        })
        if (status === 0 || status === notHere) return false
        differences.push(`${name}: ${stdout}${stderr}`)
        return true
      })
      if (open.length === 0) return
    }
    throw new Error(
      `another ${subject.network} (${subject.kind}) than ours from every one of ${starts.length} starts: ${differences.join('; ')}`,
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
}
