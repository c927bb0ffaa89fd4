// `models.json`: names, shapes and counts of published networks, from definitions alone.

import { DctpsError } from 'dctps/internal/errors'
import { kernelCount, kernelLayers, type Network, weightShape } from 'dctps/internal/network/network'
import { kernelName, parameters } from 'dctps/internal/network/parameters'
import { z } from 'zod'
import { type Comparison, type FileReport, noting } from './comparison.js'
import type { SingleFixture } from './discover.js'
import { readFixtureJson } from './fixture-file.js'
import { emptySupports, knownNetwork } from './known-network.js'

const modelEntry = z.object({
  arch: z.string(),
  classes: z.int(),
  kernels: z.array(z.object({ name: z.string(), shape: z.array(z.int()) })),
  kernelParams: z.int(),
  otherTrainable: z.int(),
  buffers: z.int(),
})

type ModelEntry = z.infer<typeof modelEntry>

export async function checkModels(folder: string, { file }: SingleFixture): Promise<FileReport> {
  const problems: string[] = []
  const comparisons: Comparison[] = []
  const missing = new Set<string>()
  const entries = await noting(problems, '', async () => {
    const parsed = z.array(modelEntry).safeParse(await readFixtureJson(folder, file))
    if (parsed.success) return parsed.data
    const { path, message } = parsed.error.issues[0]!
    throw new DctpsError('file', `${file} is not a list of models, at ${path.join('.')}: ${message}`)
  })
  for (const entry of entries ?? []) {
    const name = `${entry.arch}, ${entry.classes} classes`
    await noting(problems, `${file}, ${name}`, () => {
      const network = knownNetwork({ ...entry, kind: 'dctps', input: null })
      if (network === null) missing.add(entry.arch)
      else comparisons.push(...compareModel(name, network, entry))
    })
  }
  return { file, comparisons, problems, skipped: [...missing] }
}

function compareModel(name: string, network: Network, entry: ModelEntry): Comparison[] {
  const list = parameters(network, emptySupports(network))
  const total = (chosen: typeof list) => chosen.reduce((sum, { size }) => sum + size, 0)
  const normalisations = network.layers.filter((layer) => layer.op === 'batchNorm').length
  const exact = (kind: string, ours: number, theirs: number): Comparison => ({
    kind,
    name,
    error: Math.abs(ours - theirs),
    tolerance: 0,
  })
  return [
    exact('differing kernels', differingKernels(network, entry), 0),
    exact('kernel weights', kernelCount(network), entry.kernelParams),
    exact(
      'other trainable',
      total(list.filter(({ role, trainable }) => trainable && role !== 'kernel')),
      entry.otherTrainable,
    ),
    // PyTorch also counts the batches of each batch norm, a buffer of one number.
    exact('buffers', total(list.filter(({ trainable }) => !trainable)) + normalisations, entry.buffers),
  ]
}

function differingKernels(network: Network, entry: ModelEntry): number {
  const ours = kernelLayers(network).map((layer) => `${kernelName(layer)} ${weightShape(layer).join('x')}`)
  const theirs = entry.kernels.map(({ name, shape }) => `${name} ${shape.join('x')}`)
  const longest = Math.max(ours.length, theirs.length)
  return Array.from({ length: longest }, (_, i) => i).filter((i) => ours[i] !== theirs[i]).length
}
