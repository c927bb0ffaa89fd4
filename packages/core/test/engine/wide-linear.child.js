// Run by memory.test.ts in a process of its own: trains one linear layer 8192 -> 8192 at 0.01% density for a few steps
// and prints, as JSON, the resident memory before and at its peak, the losses, and the bytes of emitted code.

import { NetworkBuilder } from '#core/network/network'
import { createNodeRunner } from '#core/node'
import { compileProgram } from '#core/program/compile'
import { Key } from '#core/random/key'
import { randomPositions } from '#core/support/index'

const width = 8192
const density = 1e-4
const batch = 16
const idle = process.memoryUsage.rss()

const builder = new NetworkBuilder('wide', { channels: width, height: 1, width: 1 }, { kind: 'dctps' })
const layer = builder.linear('wide', builder.input, width)
const network = builder.build()
const key = Key.fromSeed(1)
const support = randomPositions(key, width * width, Math.round(density * width * width))
const started = performance.now()
const program = compileProgram(network, new Map([[layer, support]]), {
  batch,
  input: { type: 'floats', source: network.input },
  optimizer: 'adam',
})
const codeBytes = [...program.modules.values()].reduce((sum, { bytes }) => sum + bytes.length, 0)
const runner = await createNodeRunner(program, 2)
const compileSeconds = (performance.now() - started) / 1000
runner.parameters.write('wide.scaling', [1])

const losses = []
const images = new Float32Array(batch * width).map((_, i) => Math.sin(i * i))
for (let step = 1; step <= 5; step++) {
  const slot = await runner.nextSlot()
  slot.floats.set(images)
  for (let i = 0; i < batch; i++) slot.labels[i] = (i * 37) % width
  const hyper = {
    type: 'adam',
    learningRate: 0.02,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    weightDecay: 0,
    step,
  }
  const { lossSum } = await runner.submit(slot, batch, 'train', hyper)
  losses.push(lossSum / batch)
}
const moved = runner.parameters.read('wide.linear.weight').filter((value) => value !== 0).length
runner.close()
const peak = process.resourceUsage().maxRSS * 1024
console.log(
  JSON.stringify({ idle, peak, losses, codeBytes, moved, nonZeros: support.length, compileSeconds }),
)
