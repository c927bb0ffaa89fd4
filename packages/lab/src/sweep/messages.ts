// What a sweep and the process of one of its runs tell each other.

import { z } from 'zod'

const orderSchema = z.discriminatedUnion('type', [
  /** The run's settings, as a config file holds them, and the folder that it is trained in. */
  z.object({ type: z.literal('train'), settings: z.unknown(), folder: z.string() }),
  /** Save and end. */
  z.object({ type: z.literal('stop') }),
])

/** From the sweep to the process. */
export type WorkerOrder = z.output<typeof orderSchema>

const progressSchema = z.object({
  epoch: z.number(),
  epochs: z.number(),
  /** Done of all epochs, 0..1. */
  share: z.number(),
  /** Of the training images of this epoch so far. */
  accuracy: z.number(),
  imagesPerSecond: z.number(),
})

export type RunProgress = Readonly<z.output<typeof progressSchema>>

const reportSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('progress'), progress: progressSchema }),
  z.object({ type: z.literal('warning'), message: z.string() }),
  z.object({ type: z.literal('finished') }),
  z.object({ type: z.literal('locked'), message: z.string() }),
  z.object({ type: z.literal('failed'), code: z.string(), message: z.string() }),
])

/** From the process to the sweep. */
export type WorkerReport = z.output<typeof reportSchema>

export function parseOrder(message: unknown): WorkerOrder {
  return orderSchema.parse(message)
}

export function parseReport(message: unknown): WorkerReport {
  return reportSchema.parse(message)
}
