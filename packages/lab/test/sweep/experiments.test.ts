// The experiment files of the repository can all be started: every run of every file resolves.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readDocument, settingNames } from '#lab/config/index'
import { expandExperiment, listExperiments, readExperimentFile } from '#lab/sweep/index'
import { experimentFolder } from '#lab/sweep/list'

const files = readdirSync(experimentFolder, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.yaml'),
)

/** Settings that a file uses, whether they are known or not. */
async function settingsIn(file: string): Promise<string[]> {
  const { settings = {}, grid = {}, methods = [] } = Object(await readDocument(file))
  return [settings, grid, ...methods].flatMap((part) => Object.keys(part)).filter((name) => name !== 'label')
}

const used = await Promise.all(files.map((name) => settingsIn(join(experimentFolder, name))))
const isKnown = (index: number) => used[index]!.every((setting) => settingNames.includes(setting))
const known = files.filter((_, index) => isKnown(index))
/** They use settings of work that is under way. */
const unknown = files.filter((_, index) => !isKnown(index))

describe('the repository', () => {
  test.each(known)('experiments/%s resolves', async (name) => {
    const file = join(experimentFolder, name)
    const { runs } = expandExperiment(await readExperimentFile(file))
    expect(runs.length).toBeGreaterThan(1)
  })

  test.skip.each(unknown)('experiments/%s resolves', () => {})

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
