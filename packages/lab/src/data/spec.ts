// What the user means by a data set: a known name or a path, parsed once from the text of an option or a config file.

import { DctpsError } from 'dctps/internal/errors'
import type { ImageSize } from './decode-image.js'
import { findKnownDataset, type KnownDataset } from './registry.js'

export type DatasetSpec =
  | { readonly kind: 'known'; readonly dataset: KnownDataset }
  | { readonly kind: 'path'; readonly path: string }

/**
 * A known name stands for that data set, anything else for a file or folder (write `./name` for a folder that has a
 * known name). Whether a path exists is found out when it is opened.
 * @throws DctpsError `usage` when the text is empty
 */
export function parseDatasetSpec(text: string): DatasetSpec {
  if (text.trim() === '') {
    throw new DctpsError(
      'usage',
      'the data set is empty: expected a known name or the path of a file or folder',
    )
  }
  const dataset = findKnownDataset(text)
  return dataset === null ? { kind: 'path', path: text } : { kind: 'known', dataset }
}

/** Larger images than this on a side are a slip of the keyboard. */
const MAX_SIDE = 4096

/**
 * Parses `32` or `24x32` (height x width).
 * @throws DctpsError `usage`
 */
export function parseImageSize(text: string): ImageSize {
  const match = /^(\d+)(?:x(\d+))?$/.exec(text.trim())
  const height = Number(match?.[1] ?? Number.NaN)
  const width = Number(match?.[2] ?? height)
  const fits = (side: number) => side >= 1 && side <= MAX_SIDE
  if (!fits(height) || !fits(width)) {
    throw new DctpsError(
      'usage',
      `image size '${text}' is not valid: expected one number or HEIGHTxWIDTH, each from 1 to ${MAX_SIDE}, e.g. 32 or 24x32`,
    )
  }
  return { height, width }
}
