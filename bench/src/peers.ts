// Other libraries that train the same networks, each in a process that speaks the lines of step-process.ts. None of them
// is a dependency: what is not installed is left out.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { KernelKind } from 'dctps'
import type { PeerRow, StepCase } from './results.js'

export type Approach = PeerRow['approach']

export interface Peer {
  /** e.g. `PyTorch`; its process says which version. */
  readonly name: string
  readonly command: string
  /** The script and its own options; the case follows them. */
  readonly args: readonly string[]
  /** The ways in which it can train a case; none where it has no such network. */
  readonly approaches: (subject: StepCase) => readonly Approach[]
  /** Whether it uses the threads that it is given; otherwise it is measured once, whatever their number. */
  readonly threaded: boolean
}

/** The kind that a peer trains: with an approach of its own, or the dense network in place of ours. */
export function trainedKind(kind: KernelKind, approach: Approach): KernelKind {
  return approach === 'dense' ? 'dense' : kind
}

const script = (name: string) => fileURLToPath(new URL(`../peers/${name}`, import.meta.url))

/** Debian's interpreter, which sees Debian's `python3-torch`. */
const python = '/usr/bin/python3'

const pytorch: Peer = {
  name: 'PyTorch',
  command: python,
  args: [script('torch_step.py')],
  approaches: ({ kind }) => (kind === 'dense' ? ['dense'] : ['published', 'dense']),
  threaded: true,
}

/** Too slow for the other networks: some ten images of LeNet-5 a second and thread. */
const javascript = (name: string, file: string, ...options: readonly string[]): Peer => ({
  name,
  command: process.execPath,
  args: [script(`js/${file}`), ...options],
  approaches: ({ network }) => (network === 'lenet5' ? ['dense'] : []),
  threaded: false,
})

const javascriptPeers: readonly Peer[] = [
  javascript('TensorFlow.js cpu', 'tfjs.js', 'cpu'),
  javascript('TensorFlow.js wasm', 'tfjs.js', 'wasm'),
  javascript('jax-js wasm', 'jax.js'),
]

/** Those that are installed, and for the others how to install them. */
export function installedPeers(): { peers: readonly Peer[]; missing: readonly string[] } {
  const families = [
    {
      peers: [pytorch],
      there: spawnSync(python, ['-c', 'import torch'], { stdio: 'ignore' }).status === 0,
      missing: 'PyTorch is skipped: it is not installed (Debian: apt install python3-torch).',
    },
    {
      peers: javascriptPeers,
      there: existsSync(script('js/node_modules')),
      missing:
        'TensorFlow.js and jax-js are skipped: they are not installed (npm install --prefix bench/peers/js).',
    },
  ]
  return {
    peers: families.flatMap(({ peers, there }) => (there ? peers : [])),
    missing: families.flatMap(({ there, missing }) => (there ? [] : [missing])),
  }
}
