// The experiment files that come with the repository.

import { readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DctpsError } from 'dctps'
import { readOutline } from './experiment.js'

export interface ListedExperiment {
  /** From the present folder. */
  readonly file: string
  readonly title: string
  readonly shows: string
}

/** Beside `packages` in the repository; a package that was installed alone has none. */
export const experimentFolder = fileURLToPath(new URL('../../../../experiments', import.meta.url))

/** @throws DctpsError `file` where there are none, `usage` when one is no experiment */
export async function listExperiments(folder = experimentFolder): Promise<ListedExperiment[]> {
  const names = await readdir(folder, { recursive: true }).catch(() => [])
  const files = names.filter((name) => /\.(yaml|yml|json)$/.test(name)).sort()
  if (files.length === 0) {
    throw new DctpsError(
      'file',
      `there are no experiment files in ${folder}; they are part of the repository, not of the package`,
    )
  }
  return Promise.all(
    files.map(async (name) => {
      const file = join(folder, name)
      return { file: relative('.', file), ...(await readOutline(file)) }
    }),
  )
}
