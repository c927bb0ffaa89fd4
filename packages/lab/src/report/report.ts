// The report: one HTML file that holds all it shows, with no script and no request to anywhere. This file sets the
// order of the sections; each section is its own module.

import { DctpsError } from 'dctps/internal/errors'
import { writeFileAtomic } from 'dctps/internal/file/node'
import { answersSection } from './answers.js'
import { costSection } from './cost.js'
import { curvesSection } from './curves.js'
import { headlineSection } from './headline.js'
import { type Html, html, trustedHtml } from './html.js'
import type { ReportFact, ReportInput } from './records.js'
import { stylesheet } from './stylesheet.js'
import { supportsSection } from './supports.js'

/** Forbids what the page never does: any request, script or frame. Pictures come from data URIs only. */
const CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

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
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${CONTENT_POLICY}">
<title>${title}</title>
<style>${trustedHtml(stylesheet)}</style>
</head>
<body>
<main>
<header class="top"><h1>${title}</h1><p class="lead">${lead}</p></header>
${sections.filter((section) => section !== null)}
</main>
</body>
</html>
`.text
}

/**
 * Writes the report; an existing file is replaced only by a whole one.
 * @throws DctpsError `usage` without a run, `file` when it cannot be written
 */
export async function writeReport(path: string, input: ReportInput): Promise<void> {
  await writeFileAtomic(path, Buffer.from(await renderReport(input)))
}

function findingsSection(findings: readonly string[]): Html | null {
  if (findings.length === 0) return null
  return html`<section id="findings"><h2>What came out</h2><ul>${findings.map((finding) => html`<li>${finding}</li>`)}</ul></section>`
}

function factsSection(facts: readonly ReportFact[]): Html | null {
  if (facts.length === 0) return null
  return html`<section id="facts"><h2>How this was made</h2><dl>${facts.map(({ label, value }) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}</dl></section>`
}
