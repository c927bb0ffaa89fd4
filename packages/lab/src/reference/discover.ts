// Which fixtures a folder holds, by the names of its files alone.

import { readdir } from 'node:fs/promises'
import { DctpsError } from 'dctps/internal/errors'

/** Tensors with a file beside them: configurations of layers, or tolerances of steps. */
export interface PairedFixture {
  readonly kind: 'layers' | 'step'
  readonly file: string
  readonly companion: string
}

export interface SingleFixture {
  readonly kind: 'models' | 'densities'
  readonly file: string
}

export type Fixture = PairedFixture | SingleFixture

export interface FolderContents {
  readonly fixtures: readonly Fixture[]
  /** Files that are no fixture, such as a README. */
  readonly others: readonly string[]
  /** Half of a pair whose other half is not there. */
  readonly incomplete: readonly { readonly file: string; readonly missing: string }[]
}

/** Two files that make one fixture, as the parts of their names around what they share. */
interface Pair {
  readonly kind: PairedFixture['kind']
  readonly prefix: string
  readonly companionSuffix: string
}

const tensorSuffix = '.safetensors'

const pairs: readonly Pair[] = [
  { kind: 'layers', prefix: 'layers', companionSuffix: '.json' },
  { kind: 'step', prefix: 'step_', companionSuffix: '.tolerance.json' },
]

const singles: ReadonlyMap<string, SingleFixture['kind']> = new Map([
  ['models.json', 'models'],
  ['densities.json', 'densities'],
])

/** @throws DctpsError `usage` when the folder cannot be listed */
export async function discoverFixtures(folder: string): Promise<FolderContents> {
  let files: string[]
  try {
    files = (await readdir(folder)).sort()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : ''
    const reason =
      code === 'ENOENT' ? 'does not exist' : code === 'ENOTDIR' ? 'is not a folder' : 'cannot be listed'
    throw new DctpsError('usage', `${folder} ${reason}; give the folder that holds the reference fixtures`, {
      cause: error,
    })
  }
  return sortFiles(files)
}

/** The same for a list of names. */
export function sortFiles(files: readonly string[]): FolderContents {
  const present = new Set(files)
  const fixtures: Fixture[] = []
  const others: string[] = []
  const incomplete: { file: string; missing: string }[] = []
  for (const file of files) {
    const single = singles.get(file)
    const half = single === undefined ? halfOf(file) : null
    if (single !== undefined) fixtures.push({ kind: single, file })
    else if (half === null) others.push(file)
    else if (!present.has(half.other)) incomplete.push({ file, missing: half.other })
    else if (half.isTensors) fixtures.push({ kind: half.kind, file, companion: half.other })
  }
  return { fixtures, others, incomplete }
}

function halfOf(file: string): { kind: PairedFixture['kind']; isTensors: boolean; other: string } | null {
  for (const { kind, prefix, companionSuffix } of pairs) {
    if (!file.startsWith(prefix)) continue
    for (const [suffix, otherSuffix] of [
      [tensorSuffix, companionSuffix],
      [companionSuffix, tensorSuffix],
    ] as const) {
      if (file.endsWith(suffix)) {
        return {
          kind,
          isTensors: suffix === tensorSuffix,
          other: file.slice(0, -suffix.length) + otherSuffix,
        }
      }
    }
  }
  return null
}
