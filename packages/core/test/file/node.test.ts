// Files on disk: what a reader is told when something is wrong, and that a failed or killed write costs nothing.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DctpsError } from '#core/errors'
import { fileError, readFileChecked, writeFileAtomic } from '#core/file/node'

const nodeModule = path.resolve(import.meta.dirname, '../../dist/file/node.js')
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'dctps-file-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function failure(work: Promise<unknown>): Promise<DctpsError> {
  const error: unknown = await work.then(
    () => undefined,
    (caught: unknown) => caught,
  )
  if (!(error instanceof DctpsError)) expect.fail(`expected a DctpsError, received ${String(error)}`)
  expect(error.code).toBe('file')
  return error
}

describe('writing', () => {
  test('creates and replaces a file and leaves nothing else behind', async () => {
    const file = path.join(folder, 'model.dctps')
    await writeFileAtomic(file, Uint8Array.of(1, 2, 3))
    expect(Array.from(await readFileChecked(file))).toEqual([1, 2, 3])
    await writeFile(`${file}.tmp`, 'left by a killed process, longer than the new content')
    await writeFileAtomic(file, Uint8Array.of(4, 5))
    expect(Array.from(await readFileChecked(file))).toEqual([4, 5])
    expect(await readdir(folder)).toEqual(['model.dctps'])
  })

  test('says why a path cannot be written', async () => {
    const bytes = Uint8Array.of(1)
    const missing = path.join(folder, 'missing', 'm.dctps')
    expect((await failure(writeFileAtomic(missing, bytes))).message).toBe(
      `cannot write ${missing}: there is no such file or folder; check the path or create the folder`,
    )
    await writeFile(path.join(folder, 'plain'), 'x')
    const below = path.join(folder, 'plain', 'm.dctps')
    expect((await failure(writeFileAtomic(below, bytes))).message).toContain('is a file, not a folder')
    await mkdir(path.join(folder, 'sub'))
    expect((await failure(writeFileAtomic(path.join(folder, 'sub'), bytes))).message).toContain(
      'it is a folder',
    )
    const long = path.join(folder, 'x'.repeat(300))
    expect((await failure(writeFileAtomic(long, bytes))).message).toContain('the name is too long')
    expect((await readdir(folder)).sort()).toEqual(['plain', 'sub'])
  })

  // The superuser may write everywhere.
  test.skipIf(process.getuid?.() === 0)('says when permission is denied', async () => {
    await chmod(folder, 0o500)
    const error = await failure(writeFileAtomic(path.join(folder, 'm.dctps'), Uint8Array.of(1)))
    expect(error.message).toContain('permission is denied')
    await chmod(folder, 0o700)
  })

  // A file-size limit makes the system refuse bytes in the middle of a write, as a full disk does.
  test('that fails half-way keeps the old file and removes the temporary one', async () => {
    const file = path.join(folder, 'state.dctps')
    await writeFile(file, 'old')
    const script = `import(${JSON.stringify(nodeModule)})
      .then(({ writeFileAtomic }) => writeFileAtomic(${JSON.stringify(file)}, new Uint8Array(1e6)))
      .catch((error) => console.log(error.code + ' | ' + error.message))`
    const command = 'ulimit -f 64 && exec "$0" -e "$1"'
    const { stdout } = spawnSync('bash', ['-c', command, process.execPath, script], { encoding: 'utf8' })
    expect(stdout).toContain(`file | cannot write ${file}: the file would exceed the size limit`)
    expect(await readFile(file, 'utf8')).toBe('old')
    expect(await readdir(folder)).toEqual(['state.dctps'])
  })

  test('that is killed at any moment leaves the old or the new content', async () => {
    const file = path.join(folder, 'state.dctps')
    const size = 2_000_000
    const script = `import(${JSON.stringify(nodeModule)}).then(async ({ writeFileAtomic }) => {
      for (let i = 0; ; i++) {
        await writeFileAtomic(${JSON.stringify(file)}, new Uint8Array(${size}).fill(i))
        if (i === 0) console.log('ready')
      }
    })`
    for (let attempt = 0; attempt < 6; attempt++) {
      const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
      await once(child.stdout, 'data')
      await delay(7 * attempt)
      child.kill('SIGKILL')
      await once(child, 'exit')
      const content = await readFile(file)
      expect(content.length).toBe(size)
      expect(content.every((byte) => byte === content[0])).toBe(true)
    }
  })
})

describe('reading', () => {
  test('says why a file cannot be read', async () => {
    const missing = path.join(folder, 'm.dctps')
    expect((await failure(readFileChecked(missing))).message).toBe(
      `cannot read ${missing}: there is no such file or folder; check the path or create the folder`,
    )
    expect((await failure(readFileChecked(folder))).message).toBe(
      `cannot read ${folder}: it is a folder; name a file`,
    )
  })
})

describe('system errors in words', () => {
  test.each([
    ['ENOSPC', 'cannot write a.dctps: the disk is full; free some space or choose another folder'],
    ['EACCES', 'cannot write a.dctps: permission is denied; change the permissions or choose another path'],
    ['EROFS', 'cannot write a.dctps: the file system is read-only; choose another folder'],
  ])('%s', (code, message) => {
    expect(fileError('write', 'a.dctps', Object.assign(new Error('x'), { code })).message).toBe(message)
  })

  test('an unknown one keeps its own message', () => {
    expect(fileError('read', 'a.dctps', new Error('the moon is in the way')).message).toBe(
      'cannot read a.dctps: the moon is in the way; check the path',
    )
  })
})
