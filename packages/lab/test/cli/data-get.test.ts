// `dctps data get` and what follows from it, as processes, with a data set of the tests' own: a tiny Tiny ImageNet that is
// registered before the program starts.

import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { type FileOptions, file, startServer } from '../data/file-server.js'
import { flatJpeg, noise, temporaryFolder, zipBytes } from '../data/sources.js'
import { type CommandOptions, dctps, expectOneLine, type Outcome } from './command-line.js'

const registry = fileURLToPath(new URL('../../dist/data/registry.js', import.meta.url))
const archive = 'small-imagenet.zip'
const etag = '"1"'

const server = await startServer()
let root: string
let zip: Buffer
let target: string
let registered: string

beforeAll(async () => {
  root = await temporaryFolder()
  zip = Buffer.from(zipBytes(await smallImagenet()))
  target = join(root, 'fetched', 'small-imagenet', archive)
  const published = {
    name: archive,
    address: `${server.address}/${archive}`,
    bytes: zip.length,
    md5: createHash('md5').update(zip).digest('hex'),
  }
  const dataset = {
    name: 'small-imagenet',
    description: 'four colours',
    classes: null,
    origin: { kind: 'published', files: [published], elsewhere: null },
    trainOptions: '--size 32',
  }
  const module = join(root, 'register.mjs')
  await writeFile(
    module,
    `import { KNOWN_DATASETS } from ${JSON.stringify(pathToFileURL(registry).href)}
KNOWN_DATASETS.push(${JSON.stringify(dataset)})`,
  )
  registered = `export NODE_OPTIONS=--import=${pathToFileURL(module).href}`
})

beforeEach(() => rm(join(root, 'fetched'), { recursive: true, force: true }))

/** Four classes that differ in colour: 16 training and 4 test images each, and a file that makes it large. */
async function smallImagenet(): Promise<Record<string, Uint8Array | string>> {
  const files: Record<string, Uint8Array | string> = { 'test/images/test_0.JPEG': noise(100_000, 1) }
  const ids = ['n01', 'n02', 'n03', 'n04']
  const annotations: string[] = []
  for (const [label, id] of ids.entries()) {
    const image = await flatJpeg(64, 64, [60 * label, 255 - 60 * label, 128])
    for (let i = 0; i < 16; i++) files[`train/${id}/images/${id}_${i}.JPEG`] = image
    for (let i = 0; i < 4; i++) {
      files[`val/images/val_${4 * label + i}.JPEG`] = image
      annotations.push(`val_${4 * label + i}.JPEG\t${id}\t0\t0\t63\t63`)
    }
  }
  files['wnids.txt'] = ids.join('\n')
  files['words.txt'] = ids.map((id, label) => `${id}\tcolour ${label}, shade`).join('\n')
  files['val/val_annotations.txt'] = annotations.join('\n')
  return Object.fromEntries(Object.entries(files).map(([path, bytes]) => [`small-imagenet/${path}`, bytes]))
}

const run = (args: readonly string[], options: Partial<CommandOptions> = {}): Promise<Outcome> => {
  const before = options.before === undefined ? registered : `${registered}; ${options.before}`
  return dctps(args, { cwd: root, ...options, before })
}
const get = (args: readonly string[] = [], options: Partial<CommandOptions> = {}) =>
  run(['data', 'get', 'small-imagenet', ...args], options)
const serve = (...options: readonly FileOptions[]) =>
  server.answer(`/${archive}`, ...options.map((option) => file(zip, { etag, ...option })))

test('a name that is not here says how to get it; got and listed, it trains and is tested', async () => {
  serve({ cutAfter: 50_000, cutSoon: true }, {})
  const training = ['train', '--data', 'small-imagenet', '--size', '32', '--epochs', '1', '--batch', '16']
  const early = await run([...training, '--out', 'early'])
  expectOneLine(
    early,
    'dctps train',
    /small-imagenet is not at .*small-imagenet\.zip: .*dctps data get small-imagenet/,
  )
  expect(early.code).toBe(1)
  expect((await run(['data', 'list'])).stdout).toMatch(/\nsmall-imagenet +no +\d+ kB +four colours\n/)

  const got = await get()
  expect(got.code).toBe(0)
  expect(got.stderr).toMatch(/^small-imagenet\.zip: the connection was cut \(.*\); trying again in 1 s\n$/)
  expect(got.stdout).toBe(
    `${archive}: fetched, checksum agrees\nsmall-imagenet is ready: ${target}\nnext: dctps train --data small-imagenet --size 32\n`,
  )
  expect(zip.equals(await readFile(target))).toBe(true)
  const listed = await run(['data', 'list'])
  expect(listed.stdout).toMatch(/\nsmall-imagenet +yes /)
  expect(listed.stdout).toMatch(/\ncifar10 +no +170 MB /)
  const json = JSON.parse((await run(['data', 'list', '--json'])).stdout)
  expect(json.at(-1)).toMatchObject({ name: 'small-imagenet', location: target, present: true, missing: [] })

  const trained = await run([...training, '--out', 'run'])
  expect(trained).toMatchObject({ code: 0, stderr: '' })
  expect(trained.stdout).toMatch(
    /small-imagenet: 58 training, 6 validation, 16 test images, 3 x 32 x 32, 4 classes\n/,
  )
  const tested = await run(['eval', 'run'])
  expect(tested.stdout).toMatch(/on 16 test images of small-imagenet\n/)
  expect(tested.stdout).toMatch(/\ncolour 3 +4 /)
})

test('once more, it is only checked; damaged, it is moved aside', async () => {
  serve({})
  await get()
  const requests = server.requests.length
  expect((await get()).stdout).toMatch(/^small-imagenet\.zip: was here, checksum agrees\n/)
  expect(server.requests).toHaveLength(requests)
  await writeFile(target, zip.subarray(0, 1000))
  const training = await run(['train', '--data', 'small-imagenet', '--out', 'never'])
  expectOneLine(training, 'dctps train', /is incomplete at .*without small-imagenet\.zip.*dctps data get/)
  const again = await get(['--json'])
  expect(again.stderr).toMatch(/is damaged \(it has 1000 bytes/)
  expect(JSON.parse(again.stdout)).toEqual({
    name: 'small-imagenet',
    location: target,
    files: [{ name: archive, path: target, how: 'fetched' }],
  })
})

test('Ctrl-C keeps the part, says so, and the same command goes on from there', async () => {
  let kill: (signal: NodeJS.Signals) => void = () => {}
  serve({ stallAfter: 60_000, onStall: () => setTimeout(() => kill('SIGINT'), 500) }, {})
  const stopped = await get([], {
    started(stop) {
      kill = stop
    },
  })
  expectOneLine(
    stopped,
    'dctps data',
    /stopped; [1-9]\d+ of \d+ bytes are kept, and the same command goes on from there/,
  )
  expect(stopped.code).toBe(130)
  const [, kept] = /(\d+) of/.exec(stopped.stderr) ?? []
  expect((await readFile(`${target}.part`)).equals(zip.subarray(0, Number(kept)))).toBe(true)
  expect((await get()).code).toBe(0)
  expect(server.requests.at(-1)).toMatchObject({ range: `bytes=${kept}-`, ifRange: etag })
  expect(await readdir(join(root, 'fetched', 'small-imagenet'))).toEqual([archive])
})

test('a full disk is told in one line, and there is no file but the part', async () => {
  serve({})
  // a limit of file sizes fails like a full disk; bash counts in KiB
  const full = await get([], { before: 'ulimit -f 64' })
  expectOneLine(full, 'dctps data', /cannot write .*small-imagenet\.zip\.part: .*choose another folder/)
  expect(full.code).toBe(1)
  expect(await readdir(join(root, 'fetched', 'small-imagenet'))).not.toContain(archive)
  expect((await get()).code).toBe(0)
  expect(zip.equals(await readFile(target))).toBe(true)
})

test('a folder that cannot be written is told in one line', async () => {
  await writeFile(join(root, 'fetched'), 'in the way')
  const outcome = await get()
  expectOneLine(outcome, 'dctps data', /cannot write .*fetched.small-imagenet: /)
  expect(outcome.code).toBe(1)
})

test('--from takes a file or its folder, and nothing that is not the published one', async () => {
  const folder = join(root, 'downloads')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, archive), zip)
  expect((await get(['--from', 'downloads'])).stdout).toMatch(
    /^small-imagenet\.zip: copied, checksum agrees\n/,
  )
  expect(zip.equals(await readFile(target))).toBe(true)
  await rm(target)
  const damaged = Buffer.from(zip)
  damaged.writeUInt8(damaged.readUInt8(5000) ^ 1, 5000)
  await writeFile(join(root, 'damaged.zip'), damaged)
  const refused = await get(['--from', 'damaged.zip'])
  expectOneLine(
    refused,
    'dctps data',
    /damaged\.zip is not the published small-imagenet\.zip: its MD5 is [0-9a-f]{32}, expected/,
  )
  expect(refused.code).toBe(1)
  expect(await readdir(join(root, 'fetched', 'small-imagenet'))).toEqual([])
})

test('names: an unknown one is wrong usage, a built-in one needs nothing', async () => {
  const unknown = await run(['data', 'get', 'cifar-10'])
  expectOneLine(
    unknown,
    'dctps data',
    /unknown data set 'cifar-10', expected one of .*\(did you mean cifar10\?\)/,
  )
  expect(unknown.code).toBe(2)
  const builtIn = await run(['data', 'get', 'fashion-mnist-12k'])
  expect(builtIn).toMatchObject({ code: 0, stderr: '' })
  expect(builtIn.stdout).toMatch(
    /^fashion-mnist-12k is built in: .*\nnext: dctps train --data fashion-mnist-12k\n$/,
  )
})
