// Folders of fixtures for the tests: temporary ones, copies of the shared one, and files changed tensor by tensor.

import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  readSafetensors,
  type Safetensors,
  type Tensor,
  writeSafetensors,
} from 'dctps/internal/file/safetensors'
import { onTestFinished } from 'vitest'

const repositoryRoot = fileURLToPath(new URL('../../../../', import.meta.url))

/** Folder of the PyTorch fixtures: `DCTPS_REFERENCE`, or `../shared/reference` beside the repository. */
export const sharedFolder = process.env.DCTPS_REFERENCE ?? join(repositoryRoot, '..', 'shared', 'reference')

/** An empty folder, gone after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'dctps-reference-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** A temporary folder with some files of another. */
export async function copyOf(folder: string, ...files: string[]): Promise<string> {
  const copy = await temporaryFolder()
  for (const file of files) {
    await cp(join(folder, file), join(copy, file))
  }
  return copy
}

export type Tensors = Map<string, Tensor>

/** Rewrites a safetensors file. */
export async function changeTensors(
  folder: string,
  file: string,
  change: (tensors: Tensors, metadata: Map<string, string>) => void,
): Promise<void> {
  const read: Safetensors = readSafetensors(await readFile(join(folder, file)), file)
  const tensors = new Map(read.tensors)
  const metadata = new Map(read.metadata)
  change(tensors, metadata)
  await writeFile(join(folder, file), writeSafetensors(tensors, metadata))
}

export function floats(shape: readonly number[], values: ArrayLike<number>): Tensor {
  return { dtype: 'F32', shape, data: Float32Array.from(values) }
}

export function integers(shape: readonly number[], values: ArrayLike<number>): Tensor {
  return { dtype: 'I32', shape, data: Int32Array.from(values) }
}
