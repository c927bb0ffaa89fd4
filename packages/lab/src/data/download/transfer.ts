// One attempt to receive a file, or the rest of it: asks, checks what the answer is before a byte of it is kept, and
// appends to the part. Trying again is `fetch-file`'s.

import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import { dataError, reasonOf } from '../problem.js'
import type { PublishedFile } from '../published-files.js'
import { isGzip, isZip } from '../sniff.js'
import type { DownloadOptions } from './options.js'
import type { PartFile } from './part-file.js'
import { Interruption, request } from './request.js'

/**
 * Returns when the answer ends, which may be before the file is whole.
 * @throws Interruption when another attempt may succeed; DctpsError `data` when it would not, `file` when the part cannot
 * be written
 */
export async function transfer(file: PublishedFile, part: PartFile, options: DownloadOptions): Promise<void> {
  const { signal, stallMilliseconds } = options
  const stop = new AbortController()
  const seconds = stallMilliseconds / 1000
  const stalled = new Interruption(`no data for ${seconds} s`)
  const timer = setTimeout(() => stop.abort(stalled), stallMilliseconds)
  const cancel = () => stop.abort()
  signal?.addEventListener('abort', cancel)
  try {
    const response = await request(file.address, headersFor(part), stop.signal)
    try {
      await begin(response, file, part, options)
      for await (const chunk of bodyOf(response)) {
        timer.refresh()
        await keep(chunk, file, part)
        options.onEvent({ type: 'bytes', file: file.name, received: part.length, total: file.bytes })
      }
    } finally {
      response.destroy()
    }
  } catch (error) {
    // stopping shows as a cut connection: what stopped it is what there is to say
    throw stop.signal.reason === stalled ? stalled : error
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', cancel)
  }
}

/** Asks for the rest, or for all of it if the file is not the same any more. */
function headersFor({ length, validator }: PartFile): OutgoingHttpHeaders {
  if (length === 0) return {}
  const range = { range: `bytes=${length}-` }
  return validator === null ? range : { ...range, 'if-range': validator }
}

/** Decides by status and headers whether the body goes on with the part, begins the file, or is something else. */
async function begin(
  response: IncomingMessage,
  file: PublishedFile,
  part: PartFile,
  options: DownloadOptions,
): Promise<void> {
  const { statusCode: status = 0, statusMessage } = response
  if (status === 206 && continues(response, file, part)) return
  if (status === 206 || status === 416) {
    await part.restart(null)
    throw new Interruption(`the server answers with another range than it was asked for (HTTP ${status})`)
  }
  if (status >= 500 || status === 408 || status === 429) {
    throw new Interruption(`the server answers HTTP ${status} ${statusMessage}`)
  }
  if (status !== 200) {
    throw dataError(
      `${file.address} answers HTTP ${status} ${statusMessage}, expected the file: it may have moved; get it by other means and give it with --from`,
    )
  }
  checkWhole(response, file)
  if (part.length > 0) {
    options.onEvent({
      type: 'notice',
      message: `${file.name}: the server sends it from the beginning, so what was kept is dropped`,
    })
  }
  await part.restart(validatorOf(response))
}

/** True for the range that was asked for, of the same file. */
function continues(response: IncomingMessage, file: PublishedFile, part: PartFile): boolean {
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers['content-range'] ?? '') ?? []
  const validator = validatorOf(response)
  const isSame = validator === null || part.validator === null || validator === part.validator
  return part.length > 0 && Number(start) === part.length && Number(total) === file.bytes && isSame
}

/** A weak ETag does not promise the same bytes. */
function validatorOf({ headers }: IncomingMessage): string | null {
  const { etag } = headers
  return etag !== undefined && !etag.startsWith('W/') ? etag : (headers['last-modified'] ?? null)
}

/** Refuses what only looks like a success: a page of a login or an error, or another file. */
function checkWhole({ headers }: IncomingMessage, file: PublishedFile): void {
  const type = headers['content-type'] ?? ''
  if (/^text\/html|^application\/xhtml/i.test(type)) throw notTheFile(file, `a web page (${type})`)
  const length = headers['content-length']
  if (length !== undefined && Number(length) !== file.bytes) throw notTheFile(file, `${length} bytes`)
}

function notTheFile(file: PublishedFile, received: string): Error {
  return dataError(
    `${file.address} gives ${received}, expected ${file.name} of ${file.bytes} bytes: something answers in its place, or the publisher changed it; get it by other means and give it with --from`,
  )
}

/** Of an answer that is cut, what was received and not read yet is lost: a moment's bytes, which are asked for again. */
async function* bodyOf(response: IncomingMessage): AsyncGenerator<Buffer> {
  const chunks: AsyncIterable<Buffer> = response
  try {
    for await (const chunk of chunks) yield chunk
  } catch (error) {
    throw new Interruption(`the connection was cut (${reasonOf(error)})`)
  }
}

async function keep(chunk: Buffer, file: PublishedFile, part: PartFile): Promise<void> {
  if (part.length === 0 && !beginsLike(file, chunk)) {
    throw notTheFile(file, `something that begins with '${printable(chunk.subarray(0, 20))}'`)
  }
  if (part.length + chunk.length > file.bytes) {
    await part.restart(null)
    throw notTheFile(file, 'more')
  }
  await part.append(chunk)
}

/** Whether the first bytes are those of the file's kind; what is too short to tell is left to the checksum. */
function beginsLike({ name }: PublishedFile, chunk: Buffer): boolean {
  if (chunk.length < 4) return true
  return name.endsWith('.gz') ? isGzip(chunk) : !name.endsWith('.zip') || isZip(chunk)
}

function printable(bytes: Buffer): string {
  return bytes.toString('latin1').replace(/[^ -~]+/g, '.')
}
