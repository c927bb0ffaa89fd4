// Reader of image folders, on disk or inside an archive: decodes the planned images, several at a time, straight into
// the arrays of the data set.

import { DctpsError } from 'dctps/internal/errors'
import type { ImageDataset } from 'dctps/internal/train/dataset'
import { decodeImage, hasColour, type ImageSize, type RgbImage, writePlanes } from './decode-image.js'
import { type ImagePlan, type PlannedImage, planImages } from './image-plan.js'
import { inOrder } from './ordered.js'
import { dataError, throwIfCancelled } from './problem.js'
import type { ReadContext, Splits } from './reader.js'
import type { FileTree } from './tree.js'

/** Images in flight: enough to keep the decoder's four threads busy, few enough to keep memory flat. */
const CONCURRENCY = 8

/** Reads every image; the data set is grey when no pixel of any image has a colour, else it has three channels. */
export async function readImages(tree: FileTree, context: ReadContext): Promise<Splits | null> {
  const plan = planImages(tree, context.problems, context.onWarning)
  return plan === null ? null : readPlanned(tree, plan, 1, context)
}

/**
 * Reads the images of a plan.
 * @param channels 1 for as many as the images turn out to need, 3 where they are coloured whatever they turn out to be
 */
export async function readPlanned(
  tree: FileTree,
  plan: ImagePlan,
  channels: 1 | 3,
  context: ReadContext,
): Promise<Splits | null> {
  const { problems, signal } = context
  const store = new ImageStore(plan, context.name, channels)
  let done = 0
  const total = store.total
  const decoded = inOrder(tree.read(store.paths, signal), CONCURRENCY, async (entry) => {
    throwIfCancelled(signal)
    const where = tree.where(entry.path)
    return { path: entry.path, where, result: await tryDecode(entry.load, where, context) }
  })
  for await (const { path, where, result } of decoded) {
    throwIfCancelled(signal)
    const problem = result instanceof DctpsError ? result : store.add(path, where, result)
    if (problem !== null) problems.report(problem)
    done++
    context.onProgress(done, total)
  }
  return problems.count > 0 ? null : store.finish()
}

async function tryDecode(
  load: () => Promise<Uint8Array>,
  where: string,
  context: ReadContext,
): Promise<RgbImage | DctpsError> {
  try {
    return await decodeImage(await load(), where, context.resize)
  } catch (error) {
    if (error instanceof DctpsError && error.code === 'data') return error
    throw error
  }
}

/** The arrays being filled. They hold one channel until the first coloured image, then three. */
class ImageStore {
  readonly paths: ReadonlySet<string>
  readonly total: number
  private readonly positions: ReadonlyMap<string, number>
  private readonly images: readonly PlannedImage[]
  private size: (ImageSize & { readonly where: string }) | null = null
  private pixels = new Uint8Array(0)

  constructor(
    private readonly plan: ImagePlan,
    private readonly name: string,
    private channels: 1 | 3,
  ) {
    this.images = [...plan.train, ...(plan.test ?? [])]
    this.total = this.images.length
    this.positions = new Map(this.images.map((image, position) => [image.path, position]))
    this.paths = new Set(this.positions.keys())
  }

  /** Takes an image, or says why it does not belong here. */
  add(path: string, where: string, image: RgbImage): DctpsError | null {
    if (this.size === null) {
      this.size = { height: image.height, width: image.width, where }
      this.pixels = this.allocate(this.size)
    }
    const { height, width } = this.size
    if (image.height !== height || image.width !== width) {
      return dataError(
        `${where} is ${format(image)}, but ${this.size.where} is ${format(this.size)} (height x width): give one size for all, e.g. --size ${format(this.size)}`,
      )
    }
    if (this.channels === 1 && hasColour(image)) this.pixels = this.withColour(this.size)
    const position = this.positions.get(path) ?? 0
    writePlanes(image, this.channels, this.pixels, position * this.channels * height * width)
    return null
  }

  finish(): Splits {
    const cut = this.plan.train.length
    return {
      train: this.dataset(0, cut),
      test: this.plan.test === null ? null : this.dataset(cut, this.total),
    }
  }

  private dataset(start: number, end: number): ImageDataset {
    const { height, width } = this.size ?? { height: 0, width: 0 }
    const length = this.channels * height * width
    return {
      name: this.name,
      shape: { channels: this.channels, height, width },
      classes: this.plan.classes,
      pixels: this.pixels.subarray(start * length, end * length),
      labels: Uint16Array.from(this.images.slice(start, end), (image) => image.label),
    }
  }

  private allocate(size: ImageSize): Uint8Array<ArrayBuffer> {
    const bytes = this.total * this.channels * size.height * size.width
    try {
      return new Uint8Array(bytes)
    } catch (error) {
      const gigabytes = (bytes / 1e9).toFixed(1)
      throw dataError(
        `${this.name}: ${this.total} images of ${format(size)} take ${gigabytes} GB, which does not fit in memory; give a smaller --size`,
        error,
      )
    }
  }

  /** What has been stored so far, repeated in three channels. */
  private withColour(size: ImageSize): Uint8Array<ArrayBuffer> {
    const grey = this.pixels
    this.channels = 3
    const coloured = this.allocate(size)
    const plane = size.height * size.width
    for (let position = 0; position < this.total; position++) {
      const image = grey.subarray(position * plane, (position + 1) * plane)
      for (let c = 0; c < 3; c++) coloured.set(image, (3 * position + c) * plane)
    }
    return coloured
  }
}

function format(size: ImageSize): string {
  return `${size.height}x${size.width}`
}
