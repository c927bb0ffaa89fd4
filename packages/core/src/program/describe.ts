// A program as text: what runs, in which order, how much it computes and where its buffers lie.

import type { StepList } from './builder.js'
import { type Program, programBytes } from './program.js'

/** Steps, multiply-adds and bytes of a program, a line each. */
export function describeProgram(program: Program, threads = 1): string {
  const { network, memory } = program
  const lines = [
    `${network.name}: batch ${program.batch} in ${program.blocks} blocks of ${program.lanes} images`,
    `memory ${formatBytes(programBytes(memory, threads))}: shared ${formatBytes(memory.sharedBytes)}, arena ${program.blocks} x ${formatBytes(memory.blockBytes)}, scratch ${threads} x ${formatBytes(memory.threadBytes)}`,
    `transforms ${program.modules.size}, ${formatBytes([...program.modules.values()].reduce((sum, { bytes }) => sum + bytes.length, 0))} of code`,
  ]
  const lists: [string, StepList | null][] = [
    ['evaluate', program.evaluate],
    ['gradient', program.gradient],
    ['update', program.update],
    ['growth', program.growth],
  ]
  for (const [name, list] of lists) if (list !== null) lines.push('', ...describeList(name, list))
  return lines.join('\n')
}

function describeList(name: string, { steps, buffers }: StepList): string[] {
  const lines = [`${name}: ${steps.length} steps, ${steps.filter((step) => step.barrier).length} barriers`]
  for (const [index, step] of steps.entries()) {
    const cost = step.multiplyAdds > 0 ? `  ${Math.round(step.multiplyAdds)} multiply-adds an image` : ''
    const calls = step.calls.map(({ kernel, when }) => (when === null ? kernel : `${kernel}?`)).join(' + ')
    lines.push(
      `${step.barrier ? '=' : ' '}${String(index).padStart(4)}  ${step.name}  [${step.scope}${step.rows > 1 ? ` x${step.rows}` : ''}${step.descending ? ' back' : ''}${step.columns > step.chunk ? ` x${step.columns / step.chunk}` : ''}]  ${calls}${cost}`,
    )
  }
  for (const buffer of buffers) {
    lines.push(
      `  buffer ${buffer.name}: ${formatBytes(buffer.bytes)} at ${buffer.offset}, steps ${buffer.first}-${buffer.last}`,
    )
  }
  return lines
}

function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  const units = ['KiB', 'MiB', 'GiB']
  let value = bytes / 1024
  let unit = 0
  while (value >= 1024 && unit < 2) {
    value /= 1024
    unit++
  }
  return `${value.toFixed(1)} ${units[unit]}`
}
