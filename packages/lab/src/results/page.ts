// The report as one page: which sections it has, in which order.

import { factsSection, findingsSection, renderPage } from '../report/page.js'
import { accuracySection } from './accuracy-section.js'
import { curvesSection } from './curves-section.js'
import { layersSection, mapsSection } from './layers-section.js'
import { methodLooks } from './looks.js'
import type { Results } from './record.js'
import { costSection, factsOf, problemsSection, resultsSection, runsSection } from './sections.js'
import { countOf } from './statistics.js'

/** A complete HTML document without script or request. */
export async function resultsPage(results: Results): Promise<string> {
  const { experiment, panels, findings } = results
  const looks = methodLooks(panels)
  return renderPage({
    title: experiment.title,
    lead: experiment.shows ?? overview(results),
    sections: [
      resultsSection(results, looks),
      findingsSection(findings),
      accuracySection(results, looks),
      curvesSection(results, looks),
      layersSection(results, looks),
      await mapsSection(results, looks),
      costSection(results, looks),
      problemsSection(results),
      runsSection(results, looks),
      factsSection(factsOf(results)),
    ],
  })
}

/** What a reader finds where nobody has said what the runs are to show. */
function overview({ experiment, panels }: Results): string {
  const methods = new Set(panels.flatMap(({ cells }) => cells.map(({ method }) => method)))
  const titles = panels.map(({ title }) => title)
  return `${countOf(experiment.runs.length, 'finished run')} of ${countOf(methods.size, 'method')}: ${titles.join(', ')}.`
}
