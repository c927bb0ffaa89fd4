// Emitted transforms, made once: shared between the layers and programs of a process by this cache, and between
// processes by a store, where the platform has one. Transforms depend on shapes only.

import {
  compileTransform,
  type EmittedTransform,
  type SpectrumRequest,
  type TransformRequest,
} from '../transform/index.js'

export type AnyTransformRequest = TransformRequest | SpectrumRequest

/**
 * Keeps emitted transforms from one process to the next. Programs are compiled synchronously, so both methods are: a
 * store on an asynchronous medium (a page's IndexedDB) reads what it holds before it is handed to a cache, and writes
 * later. Neither ever throws: what cannot be read is emitted again, what cannot be written is forgotten.
 */
export interface TransformStore {
  /** What was saved for an equal request by the same version of the emitting code. */
  load(request: AnyTransformRequest): EmittedTransform | undefined
  save(request: AnyTransformRequest, emitted: EmittedTransform): void
}

export class TransformCache {
  readonly #emitted = new Map<string, EmittedTransform>()
  readonly #store: TransformStore | null

  constructor(store: TransformStore | null = null) {
    this.#store = store
  }

  /** @param key names the request in this process */
  get(key: string, request: AnyTransformRequest): EmittedTransform {
    const known = this.#emitted.get(key)
    if (known !== undefined) return known
    const emitted = this.#store?.load(request) ?? this.#emit(request)
    this.#emitted.set(key, emitted)
    return emitted
  }

  #emit(request: AnyTransformRequest): EmittedTransform {
    const emitted = compileTransform(request)
    this.#store?.save(request, emitted)
    return emitted
  }
}
