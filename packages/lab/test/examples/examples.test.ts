// Every example runs to its end; each asserts its own result.

import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const folder = fileURLToPath(new URL('../../../../examples/dist/', import.meta.url))
const examples = readdirSync(folder).filter((name) => name.endsWith('.js'))

test('there are examples', () => {
  expect(examples.length).toBeGreaterThan(0)
})

test.each(examples)('%s', async (name) => {
  await promisify(execFile)(process.execPath, [folder + name])
})
