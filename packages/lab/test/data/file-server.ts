// A local server that answers as it is told, well and badly, for the tests of downloads.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll } from 'vitest'

export type Answer = (request: IncomingMessage, response: ServerResponse) => void

export interface FileServer {
  /** Without a slash at its end. */
  readonly address: string
  /** What was asked for, in order. */
  readonly requests: {
    readonly path: string
    readonly range: string | null
    readonly ifRange: string | null
  }[]
  /** Gives the next requests of a path their answers; the last answer stays. */
  answer(path: string, ...answers: readonly Answer[]): void
}

/** Runs until the tests of the file are done. */
export async function startServer(): Promise<FileServer> {
  const answers = new Map<string, Answer[]>()
  const requests: FileServer['requests'] = []
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    const { range, 'if-range': ifRange } = request.headers
    const condition = Array.isArray(ifRange) ? ifRange.join() : ifRange
    requests.push({ path, range: range ?? null, ifRange: condition ?? null })
    const left = answers.get(path) ?? []
    const answer = left.length > 1 ? left.shift() : left[0]
    if (answer === undefined) response.writeHead(404).end('not here')
    else answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    address: `http://127.0.0.1:${portOf(server.address())}`,
    requests,
    answer(path, ...next) {
      answers.set(path, [...next])
    },
  }
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return address.port
}

export interface FileOptions {
  readonly etag?: string
  readonly lastModified?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Cuts the connection after so many bytes of this answer, once {@link arrived} says that they are there. */
  readonly cutAfter?: number
  /** Cuts it after a moment instead: what is on its way may be lost. */
  readonly cutSoon?: boolean
  /** Sends so many bytes and then nothing more. */
  readonly stallAfter?: number
  /** Called when the bytes before a stall are sent. */
  readonly onStall?: () => void
  /** Leaves out the length, so that the answer comes in chunks. */
  readonly chunked?: boolean
}

/** A file as a good server gives it: ranges, and conditions on them. */
export function file(bytes: Uint8Array, options: FileOptions = {}): Answer {
  return (request, response) => {
    const { etag, lastModified } = options
    const condition = request.headers['if-range']
    const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? []
    const start = Number(from ?? 0)
    const isRange = from !== undefined && (condition === undefined || condition === (etag ?? lastModified))
    if (isRange && start >= bytes.length) {
      response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end()
      return
    }
    const body = isRange ? bytes.subarray(start) : bytes
    response.writeHead(isRange ? 206 : 200, {
      'content-type': 'application/octet-stream',
      ...(etag === undefined ? {} : { etag }),
      ...(lastModified === undefined ? {} : { 'last-modified': lastModified }),
      ...(options.chunked === true ? {} : { 'content-length': String(body.length) }),
      ...(isRange ? { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` } : {}),
      ...options.headers,
    })
    send(response, body, isRange ? start : 0, options)
  }
}

/** The whole file whatever was asked for. */
export function whole(bytes: Uint8Array, options: FileOptions = {}): Answer {
  return (_, response) => {
    response.writeHead(200, { 'content-length': String(bytes.length), ...options.headers })
    send(response, bytes, 0, options)
  }
}

/** Any status, headers and text. */
export function reply(status: number, text = '', headers: Readonly<Record<string, string>> = {}): Answer {
  return (_, response) => {
    response.writeHead(status, headers).end(text)
  }
}

/** Answers to be cut when their bytes have arrived: a connection that breaks throws away what was not read yet. */
const waiting = new Set<{ readonly until: number; readonly response: ServerResponse }>()

/** Tells how many bytes of the file, from its beginning, the receiver has. */
export function arrived(received: number): void {
  for (const answer of waiting) {
    if (answer.until > received) continue
    waiting.delete(answer)
    answer.response.destroy()
  }
}

function send(response: ServerResponse, body: Uint8Array, start: number, options: FileOptions): void {
  const { cutAfter, stallAfter, onStall, cutSoon } = options
  const limit = cutAfter ?? stallAfter
  if (limit === undefined || limit >= body.length) {
    response.end(body)
    return
  }
  response.flushHeaders()
  response.write(body.subarray(0, limit), () => {
    if (stallAfter !== undefined) onStall?.()
    else if (limit === 0 || cutSoon === true) setTimeout(() => response.destroy(), 20)
    else waiting.add({ until: start + limit, response })
  })
}
