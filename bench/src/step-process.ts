// A process that trains one case, so that its memory and start are its own:
//   node step-process.js NETWORK KIND DENSITY BATCH THREADS [WIDTH]
// After the first step it prints {"begun", "ready"}, seconds from the start of the process to the beginning and to the end
// of that step, or {"unable": why} where the case does not fit; then, for each line of SECONDS on standard input, it
// trains for so long, one step at least, and prints a Measurement. peers/torch_step.py does the same. It is started by the
// bench, which has checked the arguments.

import { createInterface } from 'node:readline'
import { hugePages } from '@dctps/lab/huge-pages'
import {
  BatchLoader,
  byteValues,
  compileProgram,
  DctpsError,
  everyIndex,
  type ImageDataset,
  initialValues,
  Key,
  kernelKinds,
  type Runner,
  type StepHyperparameters,
} from 'dctps'
import { cachedTransforms, createNodeRunner, fastestSimd } from 'dctps/node'
import type { Measurement } from './contender.js'
import { buildCase, classes } from './step-case.js'

const [networkName = '', kindName, density, batchSize, threads, width] = process.argv.slice(2)
const kind = kernelKinds.find((known) => known === kindName) ?? 'dctps'
const batch = Number(batchSize)
const adam = {
  type: 'adam',
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 5e-4,
  learningRate: 1e-3,
} as const

const { network, supports } = buildCase(
  { network: networkName, kind, density: Number(density) },
  width === undefined ? undefined : Number(width),
)
const dataset = noise(2 * batch)
const loader = new BatchLoader(dataset, network.input)
const order = everyIndex(dataset)
const runner = await startRunner().catch((error: unknown) => {
  if (!(error instanceof DctpsError)) throw error
  say({ unable: error.message })
  process.exit()
})
const half = Array.from({ length: network.input.channels }, () => 0.5)
runner.setByteValues(byteValues({ mean: half, std: half }))
for (const [name, values] of initialValues(network, supports, Key.fromSeed(0)))
  runner.parameters.write(name, values)

let step = 0
const begun = performance.now() / 1000
await submitStep()
await runner.idle()
say({ begun, ready: performance.now() / 1000, version: process.version })
for await (const line of createInterface({ input: process.stdin })) say(await measure(Number(line)))
runner.close()

async function startRunner(): Promise<Runner> {
  const options = {
    batch,
    input: { type: 'bytes', source: dataset.shape },
    optimizer: 'adam',
    simd: fastestSimd(),
  } as const
  const program = compileProgram(network, supports, options, cachedTransforms())
  return createNodeRunner(program, Number(threads), await hugePages())
}

/** Hands one batch over, as soon as there is a slot for it. */
async function submitStep(): Promise<void> {
  const slot = await runner.nextSlot()
  loader.load(slot, order, (step % 2) * batch, batch, null)
  step++
  const hyper: StepHyperparameters = { ...adam, step }
  void runner.submit(slot, batch, 'train', hyper)
}

async function measure(seconds: number): Promise<Measurement> {
  const processor = process.cpuUsage()
  const begin = performance.now()
  const elapsed = () => (performance.now() - begin) / 1000
  const before = step
  while (elapsed() < seconds) await submitStep()
  await runner.idle()
  const imagesPerSecond = ((step - before) * batch) / elapsed()
  const { user, system } = process.cpuUsage(processor)
  return {
    imagesPerSecond,
    // The system counts in KiB.
    peakMegabytes: (process.resourceUsage().maxRSS * 1024) / 1e6,
    processorSeconds: (user + system) / 1e6,
  }
}

function say(message: object): void {
  console.log(JSON.stringify(message))
}

/** Images without meaning: only their number matters. */
function noise(images: number): ImageDataset {
  const shape = network.input
  const bytes = images * shape.channels * shape.height * shape.width
  return {
    name: 'noise',
    shape,
    classes: Array.from({ length: classes }, (_, label) => `class ${label}`),
    // Multiplicative hashing (Knuth).
    pixels: Uint8Array.from({ length: bytes }, (_, i) => Math.imul(i, 2654435761) >>> 24),
    labels: Uint16Array.from({ length: images }, (_, i) => i % classes),
  }
}
