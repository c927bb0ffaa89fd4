// Fetches one file: attempts until all bytes are there, then compares the checksum, and only then gives it its name.

import { setTimeout as wait } from 'node:timers/promises'
import { DctpsError } from 'dctps/internal/errors'
import { dataError } from '../problem.js'
import type { PublishedFile } from '../published-files.js'
import { findDifference } from './file-check.js'
import type { DownloadOptions } from './options.js'
import { PartFile } from './part-file.js'
import { Interruption } from './request.js'
import { transfer } from './transfer.js'

/**
 * @param target path of the whole file; its folder has to be there
 * @throws DctpsError `data` when the file is not to be had, or is not the published one; `file` when it cannot be
 * written; `cancelled`. What was received is kept in all cases but a wrong file, and the next call goes on from there.
 */
export async function fetchFile(
  file: PublishedFile,
  target: string,
  options: DownloadOptions,
): Promise<void> {
  const part = await PartFile.open(target, file)
  try {
    await receive(file, part, options)
  } finally {
    await part.close()
    if (part.length === 0) await part.discard()
  }
  const difference = await findDifference(part.path, file)
  if (difference !== null) {
    await part.discard()
    throw dataError(
      `what ${file.address} gave is not ${file.name}: ${difference}; it was removed. Run the same command to fetch it anew; if that happens again, get it by other means and give it with --from`,
    )
  }
  await part.finish()
}

async function receive(file: PublishedFile, part: PartFile, options: DownloadOptions): Promise<void> {
  let fruitless = 0
  let farthest = part.length
  let answered = false
  while (part.length < file.bytes) {
    throwIfStopped(file, part, options)
    const interruption = await attempt(file, part, options)
    if (part.length >= file.bytes) return
    throwIfStopped(file, part, options)
    answered ||= !interruption.unreachable
    // however often it is cut, a download that gets on goes on
    fruitless = part.length > farthest ? 0 : fruitless + 1
    farthest = Math.max(farthest, part.length)
    if (!answered) throw outOfReach(file, part, interruption)
    const pause = options.pauses[Math.max(fruitless - 1, 0)]
    if (pause === undefined) throw givenUp(file, part, interruption, fruitless)
    options.onEvent({
      type: 'notice',
      message: `${file.name}: ${interruption.message}; trying again in ${pause / 1000} s`,
    })
    // rejects only when it is stopped, which the next round finds
    await wait(pause, undefined, options.signal === null ? {} : { signal: options.signal }).catch(() => {})
  }
}

async function attempt(file: PublishedFile, part: PartFile, options: DownloadOptions): Promise<Interruption> {
  try {
    await transfer(file, part, options)
    return new Interruption('the answer ended early')
  } catch (error) {
    if (error instanceof Interruption) return error
    throw error
  }
}

function throwIfStopped(file: PublishedFile, part: PartFile, { signal }: DownloadOptions): void {
  if (signal?.aborted) throw new DctpsError('cancelled', `stopped; ${kept(file, part)}`)
}

function outOfReach(file: PublishedFile, part: PartFile, { message }: Interruption): Error {
  const { host } = new URL(file.address)
  return dataError(
    `cannot reach ${host} (${message}): check the network, or give files that you have with --from; ${kept(file, part)}`,
  )
}

function givenUp(file: PublishedFile, part: PartFile, { message }: Interruption, attempts: number): Error {
  return dataError(
    `${file.address}: ${attempts} attempts in a row brought nothing, the last one: ${message}; ${kept(file, part)}`,
  )
}

function kept(file: PublishedFile, part: PartFile): string {
  return part.length === 0
    ? 'nothing was received yet'
    : `${part.length} of ${file.bytes} bytes are kept, and the same command goes on from there`
}
