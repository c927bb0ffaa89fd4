// Finds and reads the PyTorch reference files. Reads safetensors by itself, so that a mistake in the library's own
// reader cannot hide here.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const repositoryRoot = fileURLToPath(new URL('../../../../', import.meta.url))

/** Folder of the reference files: `DCTPS_REFERENCE`, or `../shared/reference` beside the repository. */
export const fixtureFolder = process.env.DCTPS_REFERENCE ?? join(repositoryRoot, '..', 'shared', 'reference')

/** Whether a reference file is there; tests that need it skip, and say so, where it is not. */
export function hasFixture(file: string): boolean {
  return existsSync(join(fixtureFolder, file))
}

/** For the title of a test that skips. */
export const absence = ` (skipped: not in ${fixtureFolder}, see DCTPS_REFERENCE)`

export function readFixtureJson(file: string): unknown {
  return JSON.parse(readFileSync(join(fixtureFolder, file), 'utf8'))
}

export interface FixtureTensor {
  readonly shape: readonly number[]
  readonly values: Float64Array
}

/** All tensors of a safetensors file (F32 and I32), widened to float64. */
export function readFixtureTensors(file: string): ReadonlyMap<string, FixtureTensor> {
  const bytes = readFileSync(join(fixtureFolder, file))
  const headerLength = Number(bytes.readBigUInt64LE(0))
  const header: Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }> =
    JSON.parse(bytes.toString('utf8', 8, 8 + headerLength))
  const tensors = new Map<string, FixtureTensor>()
  for (const [name, { dtype, shape, data_offsets }] of Object.entries(header)) {
    if (name === '__metadata__') continue
    if (dtype !== 'F32' && dtype !== 'I32')
      throw new Error(`${file}: ${name} is ${dtype}, expected F32 or I32`)
    const [start, end] = data_offsets.map((offset) => 8 + headerLength + offset)
    const values = new Float64Array((end! - start!) / 4)
    for (let i = 0; i < values.length; i++) {
      const offset = start! + 4 * i
      values[i] = dtype === 'F32' ? bytes.readFloatLE(offset) : bytes.readInt32LE(offset)
    }
    tensors.set(name, { shape, values })
  }
  return tensors
}

/** Values of one tensor. */
export function tensorValues(tensors: ReadonlyMap<string, FixtureTensor>, name: string): Float64Array {
  const tensor = tensors.get(name)
  if (tensor === undefined) throw new Error(`the fixture has no tensor ${name}`)
  return tensor.values
}
