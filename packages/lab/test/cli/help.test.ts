// The help as someone reads it who meets the program for the first time.

import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { settingNames } from '#lab/config/index'
import { dctps } from './command-line.js'

const commands = [
  ['demo'],
  ['train'],
  ['sweep'],
  ['eval'],
  ['report'],
  ['predict'],
  ['inspect'],
  ['allocate'],
  ['analyse'],
  ['profile'],
  ['data'],
  ['export'],
  ['data', 'list'],
  ['data', 'get'],
  ['data', 'check'],
  ['data', 'stats'],
]

const help = (args: readonly string[]) => dctps(args, { cwd: tmpdir() })

test('dctps alone prints the help with every command and first steps, and succeeds', async () => {
  const [alone, asked] = await Promise.all([help([]), help(['--help'])])
  expect(alone).toMatchObject({ code: 0, stderr: '' })
  expect(alone.stdout).toBe(asked.stdout)
  for (const [name] of commands) expect(alone.stdout).toMatch(new RegExp(`\n  ${name} `))
  expect(alone.stdout).toMatch(/First steps:\n {2}dctps train /)
})

test('--version is that of the package', async () => {
  const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'))
  expect((await help(['--version'])).stdout).toBe(`${version}\n`)
})

test.concurrent.each(commands.map((command) => [command.join(' '), command]))(
  'dctps %s --help',
  async (name, command) => {
    const outcome = await help([...command, '--help'])
    expect(outcome).toMatchObject({ code: 0, stderr: '' })
    expect(outcome.stdout).toMatch(new RegExp(`^Usage: dctps ${name} `))
    expect(outcome.stdout).not.toMatch(/undefined|NaN|\[object/)
    expect(Math.max(...outcome.stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(81)
    if (command.length === 1) expect(outcome.stdout).toMatch(new RegExp(`\nExamples:\n {2}dctps ${name} ?`))
  },
)

test('every setting has an option, so that every config file can be said on the command line', async () => {
  const { stdout } = await help(['train', '--help'])
  for (const name of settingNames) {
    const option = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

    expect(stdout).toMatch(new RegExp(`\n {2}--${option}( <[^>]+>)? +\\S`))
  }
})

test('data without a command prints its help and is wrong usage', async () => {
  const outcome = await help(['data'])
  expect(outcome.code).toBe(2)
  expect(outcome.stderr).toMatch(/^Usage: dctps data /)
})
