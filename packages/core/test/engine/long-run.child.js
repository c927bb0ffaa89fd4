// Run by memory.test.ts in a process of its own, with --expose-gc: trains LeNet-5 and prints, as JSON, what the process
// holds after some of the steps.

import { findArchitecture } from '#core/models/registry'
import { kernelLayers } from '#core/network/network'
import { createNodeRunner } from '#core/node'
import { compileProgram } from '#core/program/compile'

const [steps, threads] = process.argv.slice(2).map(Number)
const batch = 16
const input = { channels: 1, height: 32, width: 32 }
const network = findArchitecture('lenet5').build({ input, classes: 10, kernel: { kind: 'dctps' } })
const supports = new Map(
  kernelLayers(network).map((layer) => [layer.id, Uint32Array.from({ length: 50 }, (_, i) => 2 * i)]),
)
const program = compileProgram(network, supports, {
  batch,
  input: { type: 'floats', source: input },
  optimizer: 'adam',
})
const runner = await createNodeRunner(program, threads)
for (const { name, role } of runner.parameters.parameters)
  if (role === 'alpha') runner.parameters.write(name, [1])

const images = new Float32Array(batch * 32 * 32).map((_, i) => Math.sin(i))
const hyper = {
  type: 'adam',
  learningRate: 1e-3,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 5e-4,
  step: 0,
}
const held = []
for (let step = 1; step <= steps; step++) {
  const slot = await runner.nextSlot()
  slot.floats.set(images)
  for (let i = 0; i < batch; i++) slot.labels[i] = (step + i) % 10
  hyper.step = step
  await runner.submit(slot, batch, 'train', hyper)
  if (step % (steps / 10) === 0) {
    globalThis.gc()
    const { heapUsed, arrayBuffers, rss } = process.memoryUsage()
    held.push({ heapUsed, arrayBuffers, rss })
  }
}
runner.close()
console.log(JSON.stringify(held))
