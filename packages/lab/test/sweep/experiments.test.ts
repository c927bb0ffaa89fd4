// The experiment files of the repository can all be started: every run of every file resolves.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { expandExperiment, listExperiments, readExperimentFile } from '#lab/sweep/index'
import { experimentFolder } from '#lab/sweep/list'

const files = readdirSync(experimentFolder, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.yaml'),
)

describe('the repository', () => {
  test.each(files)('experiments/%s resolves', async (name) => {
    const file = join(experimentFolder, name)
    const { runs } = expandExperiment(await readExperimentFile(file))
    expect(runs.length).toBeGreaterThan(1)
  })

  test('names its files so that their default sweep folders differ', () => {
    const names = files.map((name) => name.replace(/^.*[/\\]/, ''))
    expect(new Set(names).size).toBe(names.length)
    expect(names.length).toBeGreaterThan(10)
  })

  test('lists every file with title and sentence', async () => {
    const listed = await listExperiments()
    expect(listed.map(({ file }) => file.replace(/^.*experiments./, '')).sort()).toEqual([...files].sort())
    expect(listed.every(({ title, shows }) => title.length > 5 && shows.endsWith('.'))).toBe(true)
  })
})
