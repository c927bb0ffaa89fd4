// Reader of the IDX format of MNIST and its descendants: a folder (or archive) with the four standard files, plain or
// gzipped. The format: two zero bytes, element type, number of dimensions, sizes as 32-bit big-endian, elements.

import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { ImageDataset } from 'dctps/internal/train/dataset'
import { checkLabels } from './labels.js'
import { attempt, dataError, reasonOf } from './problem.js'
import type { ReadContext, Splits } from './reader.js'
import { isGzip } from './sniff.js'
import { type FileTree, readFiles } from './tree.js'

export interface IdxArray {
  readonly dimensions: readonly number[]
  /** All elements, last dimension fastest. */
  readonly values: Uint8Array
}

/** The only element type that image sets use: unsigned bytes. */
const UNSIGNED_BYTE = 0x08

/** The files of a split; some mirrors write a dot instead of the first dash before `idx`. */
const STANDARD_NAME = /^(train|t10k)-(images|labels)[-.]idx[13]-ubyte(\.gz)?$/

/**
 * Parses a whole IDX file of unsigned bytes.
 * @param rank dimensions expected: 3 for images `[images, height, width]`, 1 for labels
 * @throws DctpsError `data` on a wrong magic number, element type, rank or length
 */
export function parseIdx(bytes: Uint8Array, rank: number, where: string): IdxArray {
  if (bytes.length === 0) throw dataError(`${where} is empty: expected an IDX file`)
  const header = 4 + 4 * rank
  const expected = Buffer.from([0, 0, UNSIGNED_BYTE, rank])
  const magic = Buffer.from(bytes.subarray(0, 4))
  if (!expected.subarray(0, magic.length).equals(magic)) {
    throw dataError(
      `${where} starts with ${magic.toString('hex')}, expected the IDX magic number ${expected.toString('hex')} (unsigned bytes, ${rank} dimensions): the file is damaged or of another kind`,
    )
  }
  if (bytes.length < header) throw truncated(where, header, bytes.length)
  const view = new DataView(bytes.buffer, bytes.byteOffset, header)
  const dimensions = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i))
  const length = dimensions.reduce((product, size) => product * size, 1)
  if (bytes.length < header + length) throw truncated(where, header + length, bytes.length)
  if (bytes.length > header + length) {
    throw dataError(
      `${where} has ${bytes.length} bytes, but its header [${dimensions.join(', ')}] describes ${header + length}: the file is damaged`,
    )
  }
  return { dimensions, values: bytes.subarray(header) }
}

function truncated(where: string, expected: number, received: number): Error {
  return dataError(
    `${where} is truncated: expected ${expected} bytes, received ${received}; fetch or copy it again`,
  )
}

/** True when a file name is one of the four that this reader looks for. */
export function isIdxName(name: string): boolean {
  return STANDARD_NAME.test(name)
}

/**
 * Reads `train-*` and, when there, `t10k-*` at the top of the tree. Classes are the context's, or else the digits from
 * 0 to the largest training label.
 */
export async function readIdx(tree: FileTree, context: ReadContext): Promise<Splits | null> {
  const train = await readSplit(tree, 'train', context.classes, context)
  const hasTest = tree.files.some((file) => isIdxName(file.path) && file.path.startsWith('t10k'))
  const classes = train?.classes ?? context.classes
  const test = hasTest ? await readSplit(tree, 't10k', classes, context) : null
  if (train === null || context.problems.count > 0) return null
  return { train, test }
}

async function readSplit(
  tree: FileTree,
  split: 'train' | 't10k',
  classes: readonly string[] | null,
  context: ReadContext,
): Promise<ImageDataset | null> {
  const { problems } = context
  const images = await readArray(tree, `${split}-images-idx3-ubyte`, 3, context)
  const labels = await readArray(tree, `${split}-labels-idx1-ubyte`, 1, context)
  if (images === null || labels === null) return null
  const [count = 0, height = 0, width = 0] = images.dimensions
  if (count * height * width === 0) {
    problems.report(
      dataError(`${images.where} holds no pixels: its header says [${images.dimensions.join(', ')}]`),
    )
    return null
  }
  if (labels.values.length !== count) {
    problems.report(
      dataError(
        `${labels.where} has ${labels.values.length} labels, but ${images.where} has ${count} images`,
      ),
    )
    return null
  }
  const names = classes ?? digits(labels.values)
  if (!checkLabels(labels.values, names.length, labels.where, problems)) return null
  return {
    name: context.name,
    shape: { channels: 1, height, width },
    classes: names,
    pixels: images.values,
    labels: Uint16Array.from(labels.values),
  }
}

async function readArray(
  tree: FileTree,
  standardName: string,
  rank: number,
  context: ReadContext,
): Promise<(IdxArray & { where: string }) | null> {
  const plain = (name: string) => name.replace(/\.gz$/, '').replace('.idx', '-idx')
  const path = tree.files.find((file) => plain(file.path) === standardName)?.path ?? `${standardName}.gz`
  const where = tree.where(path)
  return attempt(context.problems, async () => {
    const contents = await readFiles(tree, [path], context.problems, context.signal)
    const stored = contents.get(path)
    if (stored === undefined) return null
    const bytes = isGzip(stored) ? await inflate(stored, where) : stored
    return { ...parseIdx(bytes, rank, where), where }
  })
}

async function inflate(bytes: Uint8Array, where: string): Promise<Uint8Array> {
  try {
    return await promisify(gunzip)(bytes)
  } catch (error) {
    throw dataError(`${where} is truncated or damaged (${reasonOf(error)}); fetch or copy it again`, error)
  }
}

function digits(labels: Uint8Array): string[] {
  const largest = labels.reduce((max, label) => Math.max(max, label), 0)
  return Array.from({ length: largest + 1 }, (_, label) => String(label))
}
