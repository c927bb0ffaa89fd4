// The page around every report: one HTML file that holds all it shows, with no script and no request to anywhere. What
// its sections show is left to those who make them.

import { type Html, html, trustedHtml } from './html.js'
import type { ReportFact } from './records.js'
import { stylesheet } from './stylesheet.js'

/** Forbids what the page never does: any request, script or frame. Pictures come from data URIs only. */
const CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

export interface Page {
  readonly title: string
  readonly lead: string
  /** In the order of the page; null is nothing. */
  readonly sections: readonly (Html | null)[]
}

/** A complete HTML document. */
export function renderPage({ title, lead, sections }: Page): string {
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
${sections}
</main>
</body>
</html>
`.text
}

export function findingsSection(findings: readonly string[]): Html | null {
  if (findings.length === 0) return null
  return html`<section id="findings"><h2>What came out</h2><ul>${findings.map((finding) => html`<li>${finding}</li>`)}</ul></section>`
}

export function factsSection(facts: readonly ReportFact[]): Html | null {
  if (facts.length === 0) return null
  return html`<section id="facts"><h2>How this was made</h2><dl>${facts.map(({ label, value }) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}</dl></section>`
}
