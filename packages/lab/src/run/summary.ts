// What a finished run amounts to, as one JSON document: `summary.json`, `dctps train --json`, and reports.

import { DctpsError, kernelCount, type Network, parameters, type Supports } from 'dctps'
import { readFileChecked } from 'dctps/node'
import { z } from 'zod'

const share = z.number().min(0).max(1)

const evaluation = z.object({ images: z.int(), loss: z.number(), accuracy: share })

const summarySchema = z.object({
  network: z.string(),
  kind: z.enum(['dctps', 'sparse', 'dense']),
  /** As asked for; null for a dense network, like `rule`. */
  density: z.number().nullable(),
  /** The support rule, or the method of pruning. */
  rule: z.string().nullable(),
  /** How the support moves while training; null where it stays. Earlier versions did not say. */
  dynamic: z.string().nullable().default(null),
  seed: z.int(),
  data: z.string(),
  ended: z.enum(['finished', 'earlyStopping']),
  epochs: z.int(),
  steps: z.int(),
  /** Null without validation images. */
  best: z.object({ epoch: z.int(), validationAccuracy: share }).nullable(),
  /** On the test images, where the data has some: with the last weights, and with the best ones. */
  test: z.object({ final: evaluation, best: evaluation.nullable() }).nullable(),
  /** Kernel weights of the dense network. */
  kernelWeights: z.int(),
  /** Kernel weights stored. */
  nonZeros: z.int(),
  /** All stored numbers: kernel weights, alpha, biases, batch norm. */
  storedNumbers: z.int(),
  /** Of `model.dctps`. */
  modelBytes: z.int(),
  /** Training images a second, without validation, over all epochs. */
  imagesPerSecond: z.number(),
  /** Wall-clock time of all epochs, with validation. */
  seconds: z.number(),
})

export type RunSummary = Readonly<z.output<typeof summarySchema>>

/** Sizes of a network, as a summary gives them. */
export function networkSizes(
  network: Network,
  supports: Supports,
): Pick<RunSummary, 'kernelWeights' | 'nonZeros' | 'storedNumbers'> {
  const stored = parameters(network, supports)
  const count = (some: typeof stored) => some.reduce((sum, { size }) => sum + size, 0)
  return {
    kernelWeights: kernelCount(network),
    nonZeros: count(stored.filter(({ role }) => role === 'kernel')),
    storedNumbers: count(stored),
  }
}

/** @throws DctpsError `file` when it cannot be read or is not a summary */
export async function readSummary(file: string): Promise<RunSummary> {
  const text = new TextDecoder().decode(await readFileChecked(file))
  try {
    return summarySchema.parse(JSON.parse(text))
  } catch (error) {
    throw new DctpsError(
      'file',
      `${file} is not the summary of a run; delete it and resume the run to write it again`,
      {
        cause: error,
      },
    )
  }
}

export function formatSummary(summary: RunSummary): string {
  return `${JSON.stringify(summary, null, 2)}\n`
}
