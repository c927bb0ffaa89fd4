// Opens a data set by name or path: finds it, takes it from the cache or reads it, and says what it is normalised by.

import { defaultCacheFolder } from 'dctps/internal/file/node-cache-folder'
import { checkDataset, type Normalisation } from 'dctps/internal/train/dataset'
import { cachePath, loadCache, storeCache } from './cache.js'
import type { Fit, ImageSize, Resize } from './decode-image.js'
import { findLayout, readTree } from './layout.js'
import { publishedNormalisation } from './normalisation.js'
import { dataError, type Problems, stopAtFirst } from './problem.js'
import type { Cifar100Labels, ReadContext, Splits } from './reader.js'
import { resizeDataset } from './resize.js'
import { locateSource, type Source } from './source.js'
import type { DatasetSpec } from './spec.js'

/** How a source is read; whatever is left out changes nothing. */
export interface ReadOptions {
  /** Size that every image is brought to; needed where the images of a folder differ. */
  readonly size?: ImageSize | undefined
  /** How it is brought there; `fill` by default. */
  readonly fit?: Fit | undefined
  /** Which labels CIFAR-100 gives; `fine` by default. */
  readonly cifar100Labels?: Cifar100Labels | undefined
  /** Called after each decoded image. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined
  /** Takes what the user should know though work goes on. */
  readonly onWarning?: ((message: string) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export interface OpenOptions extends ReadOptions {
  /** Folder of decoded data sets, `defaultCacheFolder()` if left out; null for none. */
  readonly cacheFolder?: string | null | undefined
}

export interface OpenedDataset extends Splits {
  /** Absolute path of the folder or archive. */
  readonly source: string
  /** Published normalisation where there is one for this data; else null: compute it on the training split. */
  readonly defaultNormalisation: Normalisation | null
}

/**
 * Reads a whole data set into memory, from the cache where it was decoded before.
 * @throws DctpsError `data` on the first problem; `cancelled` when the signal is aborted
 */
export async function openDataset(spec: DatasetSpec, options: OpenOptions = {}): Promise<OpenedDataset> {
  const source = await locateSource(spec, options.signal ?? null)
  const splits = await readCached(source, options)
  checkDataset(splits.train)
  if (splits.test !== null) checkDataset(splits.test)
  return { ...splits, source: source.location, defaultNormalisation: publishedNormalisation(splits.train) }
}

async function readCached(source: Source, options: OpenOptions): Promise<Splits> {
  const folder = options.cacheFolder === undefined ? defaultCacheFolder() : options.cacheFolder
  const resize = resizeOf(options)
  if (folder === null || !(await isWorthCaching(source, resize))) return read(source, options)
  const path = cachePath(folder, source, { resize, cifar100Labels: options.cifar100Labels ?? 'fine' })
  const warn = options.onWarning ?? ignore
  const cached = await loadCache(path, warn)
  if (cached !== null) return cached
  const splits = await read(source, options)
  await storeCache(folder, path, splits, warn)
  return splits
}

/** Raw pixels in a folder are read as fast as a cache of them would be. */
async function isWorthCaching(source: Source, resize: Resize | null): Promise<boolean> {
  if (source.kind === 'archive' || resize !== null) return true
  const { layout } = findLayout(await source.list())
  return layout === 'images' || layout === 'tiny-imagenet'
}

async function read(source: Source, options: ReadOptions): Promise<Splits> {
  const splits = await readSource(source, stopAtFirst, options)
  // a reader gives null only after a report, and `stopAtFirst` throws that
  if (splits === null) throw dataError(`${source.location} cannot be read`)
  return splits
}

/** Reads a source without any cache; null after a problem that was reported and not thrown. */
export async function readSource(
  source: Source,
  problems: Problems,
  options: ReadOptions,
): Promise<Splits | null> {
  const resize = resizeOf(options)
  const signal = options.signal ?? null
  const context: ReadContext = {
    name: source.name,
    classes: source.classes,
    resize,
    cifar100Labels: options.cifar100Labels ?? 'fine',
    problems,
    onProgress: options.onProgress ?? ignore,
    onWarning: options.onWarning ?? ignore,
    signal,
  }
  const splits = await readTree(await source.list(), context)
  if (splits === null || resize === null) return splits
  return {
    train: await resizeDataset(splits.train, resize, signal),
    test: splits.test === null ? null : await resizeDataset(splits.test, resize, signal),
  }
}

function resizeOf(options: ReadOptions): Resize | null {
  return options.size === undefined ? null : { ...options.size, fit: options.fit ?? 'fill' }
}

function ignore(): void {}
