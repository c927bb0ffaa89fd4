// The report of the main job. This file sets the order of the sections; each section is its own module.

import { DctpsError } from 'dctps/internal/errors'
import { writeFileAtomic } from 'dctps/internal/file/node'
import { answersSection } from './answers.js'
import { costSection } from './cost.js'
import { curvesSection } from './curves.js'
import { headlineSection } from './headline.js'
import { factsSection, findingsSection, renderPage } from './page.js'
import type { ReportInput } from './records.js'
import { supportsSection } from './supports.js'

/**
 * The report as a complete HTML document.
 * @throws DctpsError `usage` without a run
 */
export async function renderReport(input: ReportInput): Promise<string> {
  const { title, lead, findings, facts, runs } = input
  if (runs.length === 0) throw new DctpsError('usage', 'a report needs at least one run, received none')
  const sections = [
    headlineSection(runs),
    findingsSection(findings),
    curvesSection(runs),
    costSection(runs),
    await answersSection(runs),
    await supportsSection(runs),
    factsSection(facts),
  ]
  return renderPage({ title, lead, sections })
}

/**
 * Writes the report; an existing file is replaced only by a whole one.
 * @throws DctpsError `usage` without a run, `file` when it cannot be written
 */
export async function writeReport(path: string, input: ReportInput): Promise<void> {
  await writeFileAtomic(path, Buffer.from(await renderReport(input)))
}
