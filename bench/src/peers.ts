// Other libraries that train the same networks, each in a process that speaks the lines of step-process.ts.

import { hasPytorch, pytorchCommand, pytorchScript } from './pytorch.js'
import type { PeerRow, StepCase } from './results.js'

export interface Peer {
  /** e.g. `PyTorch`; its process says which version. */
  readonly name: string
  readonly command: string
  readonly script: string
  /** The ways in which it can train a case. */
  readonly approaches: (subject: StepCase) => readonly PeerRow['approach'][]
}

const pytorch: Peer = {
  name: 'PyTorch',
  command: pytorchCommand,
  script: pytorchScript,
  approaches: ({ kind }) => (kind === 'dense' ? ['dense'] : ['published', 'dense']),
}

/** Those that are installed, and for the others how to install them. */
export function installedPeers(): { peers: readonly Peer[]; missing: readonly string[] } {
  if (hasPytorch()) return { peers: [pytorch], missing: [] }
  return {
    peers: [],
    missing: ['PyTorch is skipped: it is not installed (Debian: apt install python3-torch).'],
  }
}
