// Getting data sets from servers that behave well and badly, and from local files: what arrives is the published file or
// nothing.

import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { DctpsError } from 'dctps/internal/errors'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type DownloadEvent,
  type GetOptions,
  getDataset,
  KNOWN_DATASETS,
  type KnownDataset,
} from '#lab/data/index'
import type { PublishedFile } from '#lab/data/published-files'
import { type Answer, arrived, file, reply, startServer, whole } from './file-server.js'
import { expectDataError, noise, temporaryFolder, zipBytes } from './sources.js'

const root = await temporaryFolder()
const server = await startServer()

/** Two files of the same length and kind. */
const content = gzipSync(noise(150_000, 1))
const other = Buffer.concat([content.subarray(0, 20), Buffer.from(noise(content.length - 20, 2))])

let sets = 0

/** A data set of one file at a fresh path of the server, in a fresh data folder. */
function newSet(bytes: Uint8Array = content, address?: string) {
  const name = `set${sets++}.tar.gz`
  const published = describeFile(bytes, name, address)
  const dataFolder = join(root, name)
  const path = join(dataFolder, 'quiet', name)
  const dataset = datasetOf([published])
  const events: DownloadEvent[] = []
  const onEvent = (event: DownloadEvent) => {
    events.push(event)
    // once the program has gone on to wait for more
    if (event.type === 'bytes') setImmediate(() => arrived(event.received))
  }
  const get = (options: GetOptions = {}) =>
    getDataset(dataset, { dataFolder, pauses: [1, 1, 1], onEvent, ...options })
  return {
    path,
    get,
    events,
    published,
    folder: join(dataFolder, 'quiet'),
    serve: (...answers: readonly Answer[]) => server.answer(`/${name}`, ...answers),
    requests: () => server.requests.filter((request) => request.path === `/${name}`),
    notices: () => events.flatMap((event) => (event.type === 'notice' ? event.message : [])),
  }
}

function describeFile(bytes: Uint8Array, name: string, address = `${server.address}/${name}`): PublishedFile {
  return { name, address, bytes: bytes.length, md5: createHash('md5').update(bytes).digest('hex') }
}

function datasetOf(files: readonly PublishedFile[]): KnownDataset {
  return {
    name: 'quiet',
    description: '',
    classes: null,
    origin: { kind: 'published', files, elsewhere: null },
    trainOptions: '',
  }
}

async function expectWhole(
  set: { readonly path: string; readonly folder: string },
  bytes = content,
): Promise<void> {
  expect(bytes.equals(await readFile(set.path))).toBe(true)
  expect(await readdir(set.folder)).toHaveLength(1)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => expect.fail('expected an error'),
    (reason: unknown) => reason,
  )
  if (error instanceof DctpsError) return error.code
  throw error
}

describe('a good server', () => {
  test('gives the file once; it is checked and not fetched again', async () => {
    const set = newSet()
    set.serve(file(content, { etag: '"a"' }))
    expect(await set.get()).toEqual({
      location: set.path,
      files: [{ name: set.published.name, path: set.path, how: 'fetched' }],
    })
    await expectWhole(set)
    expect(set.events.at(-1)).toEqual({
      type: 'bytes',
      file: set.published.name,
      received: content.length,
      total: content.length,
    })
    expect((await set.get()).files[0]?.how).toBe('present')
    expect(set.requests()).toEqual([{ path: `/${set.published.name}`, range: null, ifRange: null }])
  })

  test('may send it in chunks without a length, or label its packing as an encoding', async () => {
    for (const options of [{ chunked: true }, { headers: { 'content-encoding': 'x-gzip' } }]) {
      const set = newSet()
      set.serve(file(content, options))
      await set.get()
      await expectWhole(set)
    }
  })

  test('may redirect, by whole addresses and by parts', async () => {
    const set = newSet()
    server.answer('/moved', reply(302, '', { location: `/${set.published.name}?there` }))
    set.serve(reply(301, 'elsewhere', { location: `${server.address}/moved` }))
    server.answer(`/${set.published.name}?there`, file(content))
    await set.get()
    await expectWhole(set)
  })

  test('gives each file of a set; those that are there stay', async () => {
    const parts = [0, 1, 2].map((i) => Buffer.concat([Buffer.from([0x1f, 0x8b]), noise(5000, i)]))
    const files = parts.map((bytes, i) => describeFile(bytes, `part${i}.gz`))
    parts.forEach((bytes, i) => {
      server.answer(`/part${i}.gz`, ...(i === 1 ? [reply(404), file(bytes)] : [file(bytes)]))
    })
    const dataFolder = join(root, 'several')
    await expectDataError(getDataset(datasetOf(files), { dataFolder }), /part1\.gz answers HTTP 404/)
    const { location, files: obtained } = await getDataset(datasetOf(files), { dataFolder })
    expect(location).toBe(join(dataFolder, 'quiet'))
    expect(obtained.map(({ how }) => how)).toEqual(['present', 'fetched', 'fetched'])
    expect((await readdir(location)).sort()).toEqual(['part0.gz', 'part1.gz', 'part2.gz'])
  })
})

describe('a cut connection', () => {
  test('anywhere, as often as it gets on, ends in the same file; each request asks for the rest', async () => {
    const cuts = fc.array(fc.integer({ min: 1, max: content.length }), { minLength: 1, maxLength: 6 })
    const validators = fc.constantFrom(
      { etag: '"v1"' },
      { lastModified: 'Wed, 01 Jan 2020 00:00:00 GMT' },
      {},
    )
    await fc.assert(
      fc.asyncProperty(cuts, validators, async (lengths, validator) => {
        const set = newSet()
        set.serve(
          ...lengths.map((cutAfter) => file(content, { ...validator, cutAfter })),
          file(content, validator),
        )
        await set.get()
        await expectWhole(set)
        const ranges = set.requests().map(({ range }) => Number(/\d+/.exec(range ?? '0')?.[0]))
        const ends = [0, ...lengths.map((_, i) => sum(lengths.slice(0, i + 1)))]
        expect(ranges).toEqual(ends.filter((end) => end < content.length))
        const [condition = null] = Object.values(validator)
        for (const { ifRange } of set.requests().slice(1)) expect(ifRange).toBe(condition)
      }),
      { numRuns: 40 },
    )
  })

  test('that never gets on is given up, says what is kept, and the next call goes on from there', async () => {
    const set = newSet()
    set.serve(file(content, { etag: '"a"', cutAfter: 70_000 }), file(content, { etag: '"a"', cutAfter: 0 }))
    await expectDataError(
      set.get(),
      /4 attempts in a row brought nothing.*70000 of \d+ bytes are kept, and the same command goes on/,
    )
    expect(set.notices()).toHaveLength(4)
    expect(set.notices()[0]).toMatch(/the connection was cut .*trying again in 0\.001 s/)
    await expect(readFile(set.path)).rejects.toThrow()
    set.serve(file(content, { etag: '"a"' }))
    await set.get()
    await expectWhole(set)
    expect(set.requests().at(-1)).toMatchObject({ range: 'bytes=70000-', ifRange: '"a"' })
  })

  test('of a server that ignores ranges begins again', async () => {
    const set = newSet()
    set.serve(whole(content, { cutAfter: 1000 }), whole(content, { cutAfter: 90_000 }), whole(content))
    await set.get()
    await expectWhole(set)
    expect(set.notices().filter((message) => /sends it from the beginning/.test(message))).toHaveLength(2)
  })

  test('of a server that has another file meanwhile takes nothing of the old one', async () => {
    for (const changed of [
      file(content, { etag: '"new"' }),
      // a server that gives the range of the new file although it was to give it only of the old one
      (request: Parameters<Answer>[0], response: Parameters<Answer>[1]) => {
        delete request.headers['if-range']
        file(content, { etag: '"new"' })(request, response)
      },
    ]) {
      const set = newSet()
      set.serve(file(other, { etag: '"old"', cutAfter: 50_000 }), changed)
      await set.get()
      await expectWhole(set)
    }
  })

  test('without a byte for a while counts as cut', async () => {
    const set = newSet()
    set.serve(file(content, { etag: '"a"', stallAfter: 30_000 }), file(content, { etag: '"a"' }))
    await set.get({ stallMilliseconds: 700 })
    await expectWhole(set)
    expect(set.notices()).toEqual([expect.stringMatching(/no data for 0\.7 s; trying again/)])
    expect(set.requests()[1]?.range).toBe('bytes=30000-')
  })

  test('by the user keeps what was received, and the next call asks for the rest', async () => {
    const set = newSet()
    const stop = new AbortController()
    set.serve(file(content, { etag: '"a"', stallAfter: 40_000 }))
    const onEvent = (event: DownloadEvent) => {
      if (event.type === 'bytes' && event.received === 40_000) stop.abort()
    }
    const error = await set.get({ signal: stop.signal, onEvent }).catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      code: 'cancelled',
      message: expect.stringMatching(/stopped; 40000 of \d+ bytes/),
    })
    expect((await readdir(set.folder)).sort()).toEqual([
      `${set.published.name}.part`,
      `${set.published.name}.part.json`,
    ])
    set.serve(file(content, { etag: '"a"' }))
    await set.get()
    await expectWhole(set)
    expect(set.requests()[1]?.range).toBe('bytes=40000-')
  })

  test('while it pauses, stopped by the user, ends at once', async () => {
    const set = newSet()
    const stop = new AbortController()
    set.serve(file(content, { cutAfter: 1000 }))
    const onEvent = (event: DownloadEvent) => {
      if (event.type === 'bytes') setImmediate(() => arrived(event.received))
      else setTimeout(() => stop.abort(), 20)
    }
    expect(await codeOf(set.get({ signal: stop.signal, pauses: [60_000], onEvent }))).toBe('cancelled')
  })
})

describe('a wrong range', () => {
  const range = (value: string, bytes: Uint8Array, etag = '"a"') =>
    reply(206, Buffer.from(bytes).toString('latin1'), { 'content-range': value, etag })
  const size = content.length

  test.each<[string, Answer]>([
    ['from another byte', range(`bytes 10-${size - 1}/${size}`, content.subarray(10))],
    ['of another length', range(`bytes 60000-${size}/${size + 1}`, content.subarray(60_000))],
    ['without saying which', reply(206, 'x'.repeat(1000))],
    ['of another file', range(`bytes 60000-${size - 1}/${size}`, other.subarray(60_000), '"b"')],
    ['that is not to be had', reply(416, '', { 'content-range': `bytes */${size}` })],
  ])('%s is not appended: the file begins again', async (_, wrong) => {
    const set = newSet()
    set.serve(file(content, { etag: '"a"', cutAfter: 60_000 }), wrong, file(content, { etag: '"a"' }))
    await set.get()
    await expectWhole(set)
    expect(set.requests().map((request) => request.range)).toEqual([null, 'bytes=60000-', null])
  })

  test('as the answer to everything is given up', async () => {
    const set = newSet()
    set.serve(reply(206, 'x'))
    await expectDataError(set.get(), /4 attempts .*another range.*HTTP 206.*nothing was received/)
    expect(await readdir(set.folder)).toEqual([])
  })
})

describe('an answer that is not the file', () => {
  const page = '<!DOCTYPE html><title>Log in</title>'

  test.each<[string, Answer, RegExp]>([
    [
      'an error page with status 200',
      reply(200, page, { 'content-type': 'text/html; charset=utf-8' }),
      /a web page \(text\/html/,
    ],
    [
      'a page of another type',
      reply(200, page, { 'content-length': String(page.length) }),
      /gives 36 bytes, expected set/,
    ],
    [
      'a page of unknown length',
      (_, response) => response.writeHead(200, { 'transfer-encoding': 'chunked' }).end(page),
      /begins with '<!DOCTYPE html>/,
    ],
    ['a shorter file', file(content.subarray(0, -1)), /gives \d+ bytes, expected .* of \d+ bytes/],
    [
      'a longer file in chunks',
      file(Buffer.concat([content, content]), { chunked: true }),
      /gives more, expected/,
    ],
    ['not found', reply(404, page), /HTTP 404 Not Found, expected the file.*--from/],
    ['forbidden', reply(403, page), /HTTP 403/],
    [
      'a redirect to another protocol',
      reply(302, '', { location: 'ftp://example.org/x' }),
      /redirects to ftp:/,
    ],
    ['a redirect to nowhere', reply(302, '', { location: 'http://[' }), /redirects to 'http:\/\/\['/],
  ])('%s is refused at once, and nothing of it stays', async (_, answer, message) => {
    const set = newSet()
    set.serve(answer)
    await expectDataError(set.get(), message)
    expect(set.requests()).toHaveLength(1)
    expect(await readdir(set.folder)).toEqual([])
  })

  test('redirects in a circle end', async () => {
    const set = newSet()
    set.serve(reply(302, '', { location: `/${set.published.name}` }))
    await expectDataError(set.get(), /redirects more than 5 times/)
  })

  test('a failing server is asked again', async () => {
    const set = newSet()
    set.serve(reply(500), reply(503), reply(429), file(content))
    await set.get()
    await expectWhole(set)
    expect(set.notices()).toEqual([500, 503, 429].map((status) => expect.stringContaining(`HTTP ${status}`)))
  })

  test('a wrong checksum is told with the right one, and the file is gone', async () => {
    const set = newSet()
    set.serve(file(other), file(content))
    const md5 = createHash('md5').update(other).digest('hex')
    await expectDataError(
      set.get(),
      new RegExp(`MD5 is ${md5}, expected ${set.published.md5}; it was removed`),
    )
    expect(await readdir(set.folder)).toEqual([])
    await set.get()
    await expectWhole(set)
    expect(set.requests().map((request) => request.range)).toEqual([null, null])
  })

  test('a server that is out of reach is told at once', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const address = taken.address()
    await new Promise((resolve) => taken.close(resolve))
    const port = typeof address === 'object' ? address?.port : null
    const set = newSet(content, `http://127.0.0.1:${port}/x.tar.gz`)
    await expectDataError(
      set.get({ pauses: [60_000] }),
      /cannot reach 127\.0\.0\.1:\d+ \(.*ECONNREFUSED.*--from/,
    )
  })
})

describe('what is in the data folder', () => {
  test('a part of another file is not gone on with', async () => {
    for (const note of [
      '{"address": "http://else',
      JSON.stringify({ address: 'x', bytes: 1, md5: '', validator: null }),
    ]) {
      const set = newSet()
      await mkdir(set.folder, { recursive: true })
      await writeFile(`${set.path}.part`, other.subarray(0, 500))
      await writeFile(`${set.path}.part.json`, note)
      set.serve(file(content))
      await set.get()
      await expectWhole(set)
      expect(set.requests()[0]?.range).toBeNull()
    }
  })

  test('a part that is whole already is checked and needs no request', async () => {
    const set = newSet()
    set.serve(
      file(content, { etag: '"a"', cutAfter: content.length - 1 }),
      file(content, { etag: '"a"', cutAfter: 0 }),
    )
    await codeOf(set.get())
    await writeFile(`${set.path}.part`, content)
    const before = set.requests().length
    await set.get()
    await expectWhole(set)
    expect(set.requests()).toHaveLength(before)
  })

  test('a damaged file is moved aside and fetched anew', async () => {
    for (const bytes of [other, content.subarray(0, 100)]) {
      const set = newSet()
      await mkdir(set.folder, { recursive: true })
      await writeFile(set.path, bytes)
      set.serve(file(content))
      await set.get()
      expect(content.equals(await readFile(set.path))).toBe(true)
      expect(bytes.equals(await readFile(`${set.path}.damaged`))).toBe(true)
      expect(set.notices()[0]).toMatch(/is damaged \((its MD5|it has 100 bytes).*it is now .*\.damaged/)
    }
  })

  test('a folder that cannot be made is an error of writing', async () => {
    const set = newSet()
    set.serve(file(content))
    await writeFile(join(root, 'a-file'), '')
    for (const dataFolder of [join(root, 'a-file'), '/proc/dctps']) {
      expect(await codeOf(set.get({ dataFolder }))).toBe('file')
    }
    expect(set.requests()).toEqual([])
  })
})

describe('local files', () => {
  test('are copied, under any name where there is only one, or from a folder', async () => {
    const download = join(root, 'download (1)')
    await writeFile(download, content)
    const named = newSet()
    expect((await named.get({ from: download })).files[0]?.how).toBe('copied')
    await expectWhole(named)
    const set = newSet()
    const folder = join(root, 'downloads')
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, set.published.name), content)
    await set.get({ from: folder })
    await expectWhole(set)
    expect(content.equals(await readFile(download))).toBe(true)
    expect([...named.requests(), ...set.requests()]).toEqual([])
  })

  test('that are damaged or others are refused with what was expected', async () => {
    const set = newSet()
    const damaged = join(root, 'damaged.tar.gz')
    await writeFile(damaged, other)
    await expectDataError(
      set.get({ from: damaged }),
      /damaged\.tar\.gz is not the published set\d+\.tar\.gz: its MD5 is/,
    )
    await writeFile(damaged, content.subarray(0, 99))
    await expectDataError(
      set.get({ from: damaged }),
      new RegExp(`it has 99 bytes, expected ${content.length}`),
    )
    await writeFile(damaged, zipBytes({ 'a/b': 'c' }))
    await expectDataError(set.get({ from: damaged }), /is not the published/)
    expect(await readdir(set.folder)).toEqual([])
  })

  test('that are not there are named', async () => {
    const set = newSet()
    await expectDataError(set.get({ from: join(root, 'nowhere') }), /there is no file or folder .*nowhere/)
    const empty = join(root, 'empty')
    await mkdir(empty, { recursive: true })
    await expectDataError(
      set.get({ from: empty }),
      /empty does not hold set\d+\.tar\.gz; unpacked data needs no copy/,
    )
    const two = datasetOf([set.published, { ...set.published, name: 'second.gz' }])
    const one = join(root, 'one.gz')
    await writeFile(one, content)
    await expectDataError(
      getDataset(two, { from: one, dataFolder: root }),
      /one file: expected a folder that holds set\d+\.tar\.gz, second\.gz/,
    )
  })
})

test('what is built in needs no files', async () => {
  const dataset: KnownDataset = { ...datasetOf([]), origin: { kind: 'built-in', folder: '/somewhere' } }
  expect(await getDataset(dataset)).toEqual({ location: '/somewhere', files: [] })
})

test('every published file has an address that ends in its name, a length and an MD5, and no two are the same', () => {
  const files = KNOWN_DATASETS.flatMap(({ origin }) => (origin.kind === 'published' ? origin.files : []))
  expect(files.length).toBeGreaterThan(6)
  for (const { name, address, bytes, md5 } of files) {
    expect(new URL(address).pathname.split('/').at(-1)).toBe(name)
    expect(bytes).toBeGreaterThan(1000)
    expect(md5).toMatch(/^[0-9a-f]{32}$/)
  }
  for (const key of ['address', 'md5'] as const) {
    expect(new Set(files.map((published) => published[key])).size).toBe(files.length)
  }
})
