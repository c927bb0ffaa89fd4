// The folder of emitted transforms: what it gives back is what was emitted, and nothing that can happen to it shows.

import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { emitterVersion, transformFolder } from '#core/file/node-cache-folder'
import { TransformFolder, type TransformFolderOptions } from '#core/file/node-transforms'
import { decodeTransform, encodeTransform, requestText } from '#core/file/transform'
import { buildSpec } from '#core/models/spec'
import { compileProgram } from '#core/program/compile'
import { type AnyTransformRequest, TransformCache, type TransformStore } from '#core/program/transform-cache'
import { compileTransform, type EmittedTransform } from '#core/transform/index'

const dist = path.resolve(import.meta.dirname, '../../dist')
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'dctps-transforms-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const open = (options: Partial<TransformFolderOptions> = {}) =>
  new TransformFolder({ folder, version: 'a', ...options })

/** What a cache asks of a store. */
class Observed implements TransformStore {
  hits = 0
  misses = 0

  constructor(readonly store: TransformStore) {}

  load(request: AnyTransformRequest): EmittedTransform | undefined {
    const emitted = this.store.load(request)
    if (emitted === undefined) this.misses++
    else this.hits++
    return emitted
  }

  save(request: AnyTransformRequest, emitted: EmittedTransform): void {
    this.store.save(request, emitted)
  }
}

/** 3 x 3 layers by local spectra and by patches, 1 x 1 layers, a linear layer. */
const { network, supports } = buildSpec({
  architecture: 'resnet18',
  input: { channels: 3, height: 32, width: 32 },
  classes: 10,
  width: 16,
  kernel: { kind: 'dctps', alpha: 'trainable' },
  support: { type: 'random', rule: 'epl', density: 0.01, seed: 0 },
})

function compile(store: TransformStore | null) {
  const input = { type: 'bytes', source: network.input } as const
  return compileProgram(network, supports, { batch: 8, input, optimizer: 'adam' }, new TransformCache(store))
}

/** Compiles with the folder as it is, and waits for what that writes. */
async function compileAndWrite(store = open()) {
  const observed = new Observed(store)
  const program = compile(observed)
  await store.flush()
  return { program, observed }
}

const rows = (count: number) => Int32Array.from({ length: count }, (_, row) => 64 * row)

function request(outputs: number): AnyTransformRequest {
  return {
    ...{ length: 16, inputs: 16, outputs, adjoint: false, lanes: 16, store: 'assign', sharedMemory: true },
    inputOffsets: rows(16),
    outputOffsets: rows(outputs),
  }
}

describe('a program', () => {
  test('is the same from emitted and from stored transforms', async () => {
    const first = await compileAndWrite()
    expect(first.observed).toMatchObject({ hits: 0, misses: first.program.modules.size })
    const second = await compileAndWrite()
    expect(second.observed).toMatchObject({ hits: first.program.modules.size, misses: 0 })
    expect(second.program).toEqual(compile(null))
    expect(await readdir(folder)).toHaveLength(first.program.modules.size)
  })

  test('is compiled from transforms of its own version only', async () => {
    const first = await compileAndWrite()
    const other = await compileAndWrite(open({ version: 'b' }))
    expect(other.observed).toMatchObject({ hits: 0, misses: first.program.modules.size })
    expect(other.program).toEqual(first.program)
  })

  test('is the same over damaged files, which are written anew', async () => {
    const expected = (await compileAndWrite()).program
    const damages: ((bytes: Uint8Array) => Uint8Array)[] = [
      () => new Uint8Array(0),
      (bytes) => bytes.subarray(0, bytes.length - 1),
      (bytes) => bytes.map((byte, at) => (at === bytes.length >> 1 ? byte ^ 1 : byte)),
      () => Buffer.from('not a transform'),
    ]
    const names = await readdir(folder)
    for (const [index, name] of names.entries()) {
      const file = path.join(folder, name)
      await writeFile(file, damages[index % damages.length]!(await readFile(file)))
    }
    const again = await compileAndWrite()
    expect(again.observed).toMatchObject({ hits: 0, misses: names.length })
    expect(again.program).toEqual(expected)
    expect((await compileAndWrite()).observed).toMatchObject({ hits: names.length, misses: 0 })
  })

  test('is compiled where the folder can be neither read nor written', async () => {
    await writeFile(path.join(folder, 'file'), '')
    const store = open({ folder: path.join(folder, 'file', 'transforms') })
    const { program } = await compileAndWrite(store)
    expect(program).toEqual(compile(null))
    // Having failed once, it does not try again.
    store.save(request(3), compileTransform(request(3)))
    await store.flush()
    expect(await readdir(folder)).toEqual(['file'])
  })
})

describe('two processes that write at once', () => {
  const script = `
    const { cachedTransforms } = await import(${JSON.stringify(pathToFileURL(path.join(dist, 'node.js')))})
    const cache = cachedTransforms()
    const rows = (count) => Int32Array.from({ length: count }, (_, row) => 64 * row)
    for (let outputs = 1; outputs <= 40; outputs++) cache.get(String(outputs), {
      length: 40, inputs: 40, outputs, adjoint: false, lanes: 16, store: 'assign', sharedMemory: true,
      inputOffsets: rows(40), outputOffsets: rows(outputs),
    })`

  test('leave whole files and nothing else', async () => {
    const env = { ...process.env, DCTPS_TRANSFORM_CACHE: path.join(folder, 'made', 'by them') }
    const run = () => promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { env })
    await Promise.all([run(), run(), run()])
    const names = await readdir(env.DCTPS_TRANSFORM_CACHE)
    expect(names.filter((name) => name.endsWith('.transform'))).toEqual(names)
    expect(names).toHaveLength(40)
    for (const name of names) {
      const bytes = await readFile(path.join(env.DCTPS_TRANSFORM_CACHE, name))
      expect(WebAssembly.validate(decodeTransform(bytes, name).bytes), name).toBe(true)
    }
  })
})

describe('the size of the folder', () => {
  const emitted = compileTransform(request(16))
  const fileBytes = encodeTransform(emitted).length

  /** Names of the files that are new since then. */
  async function added(before: readonly string[]): Promise<string[]> {
    return (await readdir(folder)).filter((name) => !before.includes(name))
  }

  test('is bounded: what has not been used for longest goes first', async () => {
    const store = open({ mostBytes: 3.5 * fileBytes })
    const names: string[] = []
    for (const outputs of [1, 2, 3]) {
      const before = await readdir(folder)
      store.save(request(outputs), emitted)
      await store.flush()
      const [name] = await added(before)
      names.push(name!)
      await utimes(path.join(folder, name!), outputs, outputs)
    }
    expect(store.load(request(1))).toEqual(emitted)
    await expect.poll(async () => (await stat(path.join(folder, names[0]!))).mtimeMs).toBeGreaterThan(1e6)
    store.save(request(4), emitted)
    await store.flush()
    expect([1, 2, 3, 4].map((outputs) => store.load(request(outputs)) !== undefined)).toEqual([
      true,
      false,
      true,
      true,
    ])
  })

  test('counts leftovers of killed processes, but no file of anyone else', async () => {
    const leftover = `${'0'.repeat(32)}.transform.123.tmp`
    const foreign = ['photo.jpg', 'notes.transform', `${'0'.repeat(32)}.transform.bak`]
    for (const name of [leftover, ...foreign]) {
      await writeFile(path.join(folder, name), new Uint8Array(2 * fileBytes))
      await utimes(path.join(folder, name), 1, 1)
    }
    await mkdir(path.join(folder, 'folder'))
    const store = open({ mostBytes: 2.5 * fileBytes })
    store.save(request(1), emitted)
    await store.flush()
    expect(store.load(request(1))).toEqual(emitted)
    const names = await readdir(folder)
    expect(names).not.toContain(leftover)
    expect(names).toEqual(expect.arrayContaining([...foreign, 'folder']))
  })
})

describe('the name of a request', () => {
  test('changes with every field', () => {
    const base = { ...request(4), newInputOffsets: rows(3) }
    const changed: object[] = [
      { length: 17 },
      { inputs: 15 },
      { outputs: 5 },
      { adjoint: true },
      { lanes: 32 },
      { store: 'accumulate' },
      { sharedMemory: false },
      { simd: 'relaxed' },
      { inputOffsets: rows(15) },
      { outputOffsets: rows(4).reverse() },
      { newInputOffsets: rows(2) },
      { newOutputOffsets: rows(2) },
    ]
    const texts = [base, ...changed.map((change) => ({ ...base, ...change }))].map(requestText)
    expect(new Set(texts).size).toBe(texts.length)
  })

  test('does not depend on the order of the fields', () => {
    const { lanes, ...rest } = request(4)
    expect(requestText({ lanes, ...rest })).toBe(requestText({ ...rest, lanes }))
  })
})

describe('the version of the emitting code', () => {
  test('changes with every file of it', async () => {
    const code = pathToFileURL(`${folder}/`)
    const versions = new Set<string>()
    const add = async (name: string, text: string) => {
      await writeFile(path.join(folder, name), text)
      versions.add(emitterVersion(code))
    }
    await add('a.js', 'one')
    await add('a.js', 'two')
    await add('b.js', '')
    await add('b.js', 'two')
    await rm(path.join(folder, 'a.js'))
    versions.add(emitterVersion(code))
    expect(versions.size).toBe(5)
    expect(versions).toContain(emitterVersion(code))
  })
})

describe('the place of the folder', () => {
  test('is that of the environment, or in the cache folder of the user', () => {
    expect(transformFolder({ DCTPS_TRANSFORM_CACHE: '/x', DCTPS_CACHE: '/y' })).toBe('/x')
    expect(transformFolder({ DCTPS_CACHE: '/y', XDG_CACHE_HOME: '/z' })).toBe('/y/transforms')
    expect(transformFolder({ XDG_CACHE_HOME: '/z' })).toBe('/z/dctps/transforms')
    expect(transformFolder({})).toMatch(/\.cache\/dctps\/transforms$/)
  })

  test('is nowhere where it is switched off', () => {
    expect(transformFolder({ DCTPS_TRANSFORM_CACHE: 'off', DCTPS_CACHE: '/y' })).toBeNull()
  })
})
