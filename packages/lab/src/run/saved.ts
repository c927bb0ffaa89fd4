// What was saved under a path: a model file, a run state, or the folder of a run, which stands for its best weights.

import { DctpsError, decodeModel, decodeTrainState, type Model, type StateFile } from 'dctps'
import { readFileChecked } from 'dctps/node'
import { folderState, kindOfPath, runPaths } from './folder.js'

export interface SavedModel {
  readonly type: 'model'
  readonly path: string
  readonly bytes: number
  readonly model: Model
}

export interface SavedState {
  readonly type: 'state'
  readonly path: string
  readonly bytes: number
  readonly file: StateFile
}

/** Byte 5 of a file tells what it is; all else is checked by the readers. */
const kindOffset = 5
const stateKind = 2

/**
 * Reads a model or a run state. Of a folder: the best weights, else the last ones, else the state.
 * @throws DctpsError `file` when it is missing or damaged, `usage` for a folder that is not a run
 */
export async function readSaved(path: string): Promise<SavedModel | SavedState> {
  const file = (await kindOfPath(path)) === 'folder' ? await chooseFile(path) : path
  const bytes = await readFileChecked(file)
  return bytes[kindOffset] === stateKind
    ? { type: 'state', path: file, bytes: bytes.length, file: decodeTrainState(bytes, file) }
    : { type: 'model', path: file, bytes: bytes.length, model: decodeModel(bytes, file) }
}

/**
 * Reads a model.
 * @throws DctpsError as {@link readSaved}, and `usage` for a run that has no model yet
 */
export async function readModel(path: string): Promise<Model> {
  return (await readSavedModel(path)).model
}

/** A model and the file that it came from. @throws DctpsError as {@link readModel} */
export async function readSavedModel(path: string): Promise<SavedModel> {
  const saved = await readSaved(path)
  if (saved.type === 'model') return saved
  throw new DctpsError(
    'usage',
    `${saved.path} is the state of a run, expected a model; finish the run with dctps train --resume, or name a model file`,
  )
}

async function chooseFile(folder: string): Promise<string> {
  const paths = runPaths(folder)
  const status = await folderState(paths)
  if (status === 'free' || status === 'begun') {
    throw new DctpsError(
      'usage',
      `${folder} holds neither a model nor a state; expected a model file or the folder of a run`,
    )
  }
  if (status === 'resumable') return paths.state
  return (await kindOfPath(paths.bestModel)) === null ? paths.model : paths.bestModel
}
