// One HTTP GET with redirects followed. Node's plain client and not `fetch`: that one unpacks what a server labels as
// packed, and some servers label a `.tar.gz` so.

import * as http from 'node:http'
import * as https from 'node:https'
import { dataError } from '../problem.js'

/** A request that may succeed when it is made again. */
export class Interruption extends Error {
  /** Whether the server could not even be spoken to, so that trying again is of little use. */
  readonly unreachable: boolean

  constructor(reason: string, { unreachable = false }: { readonly unreachable?: boolean } = {}) {
    super(reason)
    this.unreachable = unreachable
  }
}

const MAX_REDIRECTS = 5

/** Failures of a connection that was there; all others before an answer mean that the server is out of reach. */
const CUT_CODES: readonly string[] = ['ECONNRESET', 'EPIPE', 'ETIMEDOUT']

/**
 * The final answer, its body not yet read.
 * @throws Interruption when there is no answer; DctpsError `data` when redirects lead nowhere
 */
export async function request(
  address: string,
  headers: http.OutgoingHttpHeaders,
  signal: AbortSignal,
): Promise<http.IncomingMessage> {
  let url = new URL(address)
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const response = await send(url, headers, signal)
    const target = redirectTarget(response, url)
    if (target === null) return response
    response.destroy()
    if (target.protocol !== 'http:' && target.protocol !== 'https:') {
      throw dataError(`${address} redirects to ${target.href}, expected an http or https address`)
    }
    url = target
  }
  throw dataError(`${address} redirects more than ${MAX_REDIRECTS} times`)
}

function send(
  url: URL,
  headers: http.OutgoingHttpHeaders,
  signal: AbortSignal,
): Promise<http.IncomingMessage> {
  const { get } = url.protocol === 'https:' ? https : http
  // the files are packed already, and their lengths and ranges have to be those of the stored bytes
  const all = { 'user-agent': 'dctps', 'accept-encoding': 'identity', ...headers }
  return new Promise((resolve, reject) => {
    // a connection of its own: one that is kept may be dead when it is used again
    get(url, { headers: all, signal, agent: false }, resolve).on('error', (error) => {
      const code = codeOf(error)
      reject(new Interruption(describe(error, url), { unreachable: !CUT_CODES.includes(code) }))
    })
  })
}

function redirectTarget({ statusCode = 0, headers }: http.IncomingMessage, from: URL): URL | null {
  const { location } = headers
  if (![301, 302, 303, 307, 308].includes(statusCode) || location === undefined) return null
  if (URL.canParse(location, from)) return new URL(location, from)
  throw dataError(`${from.href} redirects to '${location}', expected an http or https address`)
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** Several addresses of one name fail together with an empty message. */
function describe(error: Error, { host }: URL): string {
  return error.message === '' ? `${codeOf(error)} ${host}` : error.message
}
