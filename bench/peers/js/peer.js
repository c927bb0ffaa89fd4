// What a peer's process says and is told, the same as step-process.ts and torch_step.py:
//   node PEER.js [OPTION] NETWORK KIND DENSITY BATCH THREADS    measures once for each line of SECONDS on stdin
//   node PEER.js [OPTION] --check FILE                          repeats the first step of a reference fixture
// JSON lines on stdout, the first of them {"ready": seconds since the process started} or {"unable": why}. A check ends
// with code 3 where the library cannot run the step.

import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { readSafetensors } from 'dctps'
import { kernels, startingBatch, startingKernels } from './lenet5.js'

const notHere = 3
/** float32 on both sides, sums in different orders; relative to the norm of a tensor. */
const tolerance = 1e-4

/**
 * @typedef {object} Training a library at work on the dense LeNet-5
 * @property {string} version
 * @property {() => Promise<void>} step trains on the batch once
 * @property {() => Promise<Map<string, Float32Array>>} evaluate `logits` and the gradients by kernel, in PyTorch's order
 *
 * @param {string[]} args of the process, without the peer's own
 * @param {(start: Map<string, Float32Array>, batch: { x: Float32Array, labels: Int32Array }) => Promise<Training>} start
 */
export async function runPeer(args, start) {
  try {
    if (args[0] === '--check') process.exitCode = (await check(args[1], start)) ? 0 : 1
    else await train(args, start)
  } catch (error) {
    say({ unable: error.message })
    process.exitCode = args[0] === '--check' ? notHere : 0
  }
}

async function train([network, kind, , batch], start) {
  if (network !== 'lenet5' || kind !== 'dense') {
    say({ unable: `bench/peers/js has no ${kind} ${network}` })
    return
  }
  const training = await start(startingKernels(), startingBatch(Number(batch)))
  await training.step()
  say({ ready: performance.now() / 1000, version: training.version })
  for await (const line of createInterface({ input: process.stdin }))
    say(await measure(training, Number(batch), Number(line)))
}

async function measure(training, batch, seconds) {
  const processor = process.cpuUsage()
  const begin = performance.now()
  let steps = 0
  let elapsed = 0
  while (elapsed < seconds) {
    await training.step()
    steps++
    elapsed = (performance.now() - begin) / 1000
  }
  const { user, system } = process.cpuUsage(processor)
  return {
    imagesPerSecond: (steps * batch) / elapsed,
    // The system counts in KiB.
    peakMegabytes: (process.resourceUsage().maxRSS * 1024) / 1e6,
    processorSeconds: (user + system) / 1e6,
  }
}

async function check(file, start) {
  const { tensors } = readSafetensors(readFileSync(file))
  const data = (name) => tensors.get(name).data
  const batch = { x: data('x'), labels: data('labels') }
  const training = await start(new Map(kernels.map(([name]) => [name, data(`init.${name}`)])), batch)
  const results = await training.evaluate()
  const errors = [...results].map(([name, values]) => ({
    tensor: name,
    error: relativeError(values, data(name === 'logits' ? 'step0.logits' : `step0.grad.${name}`)),
  }))
  const worst = errors.reduce((a, b) => (b.error > a.error || Number.isNaN(b.error) ? b : a))
  say({ file, ...worst, tolerance })
  return errors.length === kernels.length + 1 && worst.error <= tolerance
}

function relativeError(values, expected) {
  const norm = (numbers) => Math.hypot(...numbers)
  return norm(expected.map((value, i) => value - values[i])) / norm(expected)
}

function say(message) {
  console.log(JSON.stringify(message))
}
