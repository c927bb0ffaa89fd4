// Reader of the published CIFAR-10 and CIFAR-100 binary archives, packed or unpacked. A record is one label byte (two
// for CIFAR-100: coarse, fine) and 3072 pixels: the red, green and blue planes of 32 x 32, row by row.

import type { ImageDataset } from 'dctps/internal/train/dataset'
import { checkLabels } from './labels.js'
import { attempt, dataError } from './problem.js'
import type { ReadContext, Splits } from './reader.js'
import { type FileTree, readFiles } from './tree.js'

export type CifarVariant = 'cifar-10' | 'cifar-100'

interface CifarLayout {
  readonly train: readonly string[]
  readonly test: string
  /** Label bytes in front of a record's pixels. */
  readonly labelBytes: number
  /** Training records for each test record of the whole published set: what shows that a file was cut. */
  readonly trainPerTest: number
}

const PIXELS = 3 * 32 * 32

const LAYOUTS: Readonly<Record<CifarVariant, CifarLayout>> = {
  'cifar-10': {
    train: [1, 2, 3, 4, 5].map((batch) => `data_batch_${batch}.bin`),
    test: 'test_batch.bin',
    labelBytes: 1,
    trainPerTest: 5,
  },
  'cifar-100': { train: ['train.bin'], test: 'test.bin', labelBytes: 2, trainPerTest: 5 },
}

/** Which CIFAR set has a file of this name, or null. */
export function cifarVariantOf(name: string): CifarVariant | null {
  if (/^(data_batch_[1-5]|test_batch)\.bin$/.test(name)) return 'cifar-10'
  return name === 'train.bin' || name === 'test.bin' ? 'cifar-100' : null
}

/** Reads the `.bin` files and the class names beside them. */
export async function readCifar(
  tree: FileTree,
  variant: CifarVariant,
  context: ReadContext,
): Promise<Splits | null> {
  const { problems, signal } = context
  const layout = LAYOUTS[variant]
  const names = namesFile(variant, context)
  const contents = await attempt(problems, () =>
    readFiles(tree, [...layout.train, layout.test, names], problems, signal),
  )
  const nameBytes = contents?.get(names)
  const classes = nameBytes === undefined ? [] : parseNames(nameBytes)
  if (nameBytes !== undefined && classes.length === 0) {
    problems.report(dataError(`${tree.where(names)} is empty: expected one class name a line`))
  }
  const files = [...layout.train, layout.test].map((path) => {
    const bytes = contents?.get(path)
    return bytes === undefined ? null : readRecords(bytes, tree.where(path), layout, classes.length, context)
  })
  const whole = files.filter((file) => file !== null)
  if (whole.length < files.length || problems.count > 0) return null
  const train = whole.slice(0, -1)
  const test = whole.slice(-1)
  checkCounts(tree, layout, train, test, context)
  if (problems.count > 0) return null
  const dataset = (records: readonly Records[]) => join(records, context.name, classes)
  return { train: dataset(train), test: dataset(test) }
}

function namesFile(variant: CifarVariant, context: ReadContext): string {
  return variant === 'cifar-10' ? 'batches.meta.txt' : `${context.cifar100Labels}_label_names.txt`
}

function parseNames(bytes: Uint8Array): string[] {
  return Buffer.from(bytes)
    .toString('utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}

interface Records {
  readonly pixels: Uint8Array
  readonly labels: Uint16Array
}

function readRecords(
  bytes: Uint8Array,
  where: string,
  layout: CifarLayout,
  classes: number,
  context: ReadContext,
): Records | null {
  const size = layout.labelBytes + PIXELS
  if (bytes.length === 0) {
    context.problems.report(dataError(`${where} is empty: expected records of ${size} bytes`))
    return null
  }
  if (bytes.length % size !== 0) {
    context.problems.report(
      dataError(
        `${where} is truncated: ${bytes.length} bytes are not a multiple of the record's ${size}; copy it again`,
      ),
    )
    return null
  }
  const count = bytes.length / size
  const pixels = new Uint8Array(count * PIXELS)
  const labels = new Uint16Array(count)
  // CIFAR-100 stores the coarse label first
  const labelOffset = layout.labelBytes === 2 && context.cifar100Labels === 'fine' ? 1 : 0
  for (let i = 0; i < count; i++) {
    labels[i] = bytes[i * size + labelOffset] ?? 0
    pixels.set(bytes.subarray(i * size + layout.labelBytes, (i + 1) * size), i * PIXELS)
  }
  return classes === 0 || checkLabels(labels, classes, where, context.problems) ? { pixels, labels } : null
}

/** The published files of a set are of one length (or 5 to 1), so a file cut between two records shows. */
function checkCounts(
  tree: FileTree,
  layout: CifarLayout,
  train: readonly Records[],
  test: readonly Records[],
  context: ReadContext,
): void {
  const testCount = test[0]?.labels.length ?? 0
  const expected = (testCount * layout.trainPerTest) / layout.train.length
  train.forEach((records, i) => {
    if (records.labels.length === expected) return
    context.problems.report(
      dataError(
        `${tree.where(layout.train[i] ?? '')} has ${records.labels.length} images, expected ${expected} beside the ${testCount} of ${layout.test}: one of them is truncated`,
      ),
    )
  })
}

function join(records: readonly Records[], name: string, classes: readonly string[]): ImageDataset {
  const count = records.reduce((sum, part) => sum + part.labels.length, 0)
  const pixels = new Uint8Array(count * PIXELS)
  const labels = new Uint16Array(count)
  let at = 0
  for (const part of records) {
    pixels.set(part.pixels, at * PIXELS)
    labels.set(part.labels, at)
    at += part.labels.length
  }
  return { name, shape: { channels: 3, height: 32, width: 32 }, classes, pixels, labels }
}
