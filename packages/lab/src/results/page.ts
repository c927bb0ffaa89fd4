// The report as one page: which sections it has, in which order.

import { factsSection, findingsSection, renderPage } from '../report/page.js'
import { accuracySection } from './accuracy-section.js'
import { curvesSection } from './curves-section.js'
import { layersSection, mapsSection } from './layers-section.js'
import { methodLooks } from './looks.js'
import type { Results } from './record.js'
import { costSection, factsOf, problemsSection, resultsSection, runsSection } from './sections.js'

/** A complete HTML document without script or request. */
export async function resultsPage(results: Results): Promise<string> {
  const { experiment, panels, findings } = results
  const looks = methodLooks(panels)
  const [first = '', ...others] = findings
  return renderPage({
    title: experiment.title,
    lead: experiment.shows ?? first,
    sections: [
      resultsSection(results, looks),
      findingsSection(experiment.shows === null ? others : findings),
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
