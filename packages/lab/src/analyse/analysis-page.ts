// The page of an analysis: what was found, a table, and one row of small multiples a measure, a column a kind of kernel.

import type { KernelKind } from 'dctps'
import { csvLink } from '../report/csv.js'
import { type Html, html } from '../report/html.js'
import { kindMark } from '../report/kind-look.js'
import { factsSection, findingsSection, renderPage } from '../report/page.js'
import { drawPlot } from '../report/plot.js'
import type { ReportFact } from '../report/records.js'
import { type Axis, axisFor } from './axis.js'
import { type DepthPanel, describeDepth, type Line, roomForLabels } from './depth-plot.js'
import { findingsOf, leadOf } from './findings.js'
import { densityLabel, kindNames, seriesLabel } from './labels.js'
import { type PointMeasure, pointsCsv, singularValuesCsv } from './numbers.js'
import type { Analysis, Series } from './run-analysis.js'
import { type Spread, spreadOf } from './spread.js'
import { summaryHeadings, summaryNote, summaryRows } from './summary-table.js'

interface Figure {
  readonly title: string
  readonly note: string
  readonly axis: Axis['type']
  readonly placeTitle: string
  readonly spreadOver: 'seeds' | 'images and seeds'
  readonly gaps: DepthPanel['gaps']
  readonly csv: { readonly name: string; readonly text: (analysis: Analysis) => string }
  readonly values: (series: Series) => (Spread | null)[]
}

const atPoints = (measure: PointMeasure) => (series: Series) =>
  (series.seeds[0]?.points ?? []).map((_, i) =>
    spreadOf(series.seeds.map(({ points }) => points[i]![measure])),
  )

const depth = 'layer or block, by depth'

const figures: readonly Figure[] = [
  {
    title: 'Signal: how large activations are',
    note: 'Root mean square of what each layer hands on (after its batch norm and ReLU), relative to that of the images.',
    axis: 'log',
    placeTitle: depth,
    spreadOver: 'seeds',
    gaps: 'break',
    csv: { name: 'signal.csv', text: (analysis) => pointsCsv(analysis, ['signal']) },
    values: atPoints('signal'),
  },
  {
    title: 'Gradient: how much of it comes back',
    note: 'Norm of the gradient of a logit at each layer, root mean square over logits and images; it begins with 1 at the logits, on the right.',
    axis: 'log',
    placeTitle: depth,
    spreadOver: 'seeds',
    gaps: 'break',
    csv: { name: 'gradient.csv', text: (analysis) => pointsCsv(analysis, ['gradient']) },
    values: atPoints('gradient'),
  },
  {
    title: 'Likeness: how far two images stay apart',
    note: 'Pearson correlation of the activations of two different images, mean over pairs. At 1 all images look the same from there on. A line that ends early has no signal to compare any more.',
    axis: 'linear',
    placeTitle: depth,
    spreadOver: 'seeds',
    gaps: 'break',
    csv: { name: 'likeness.csv', text: (analysis) => pointsCsv(analysis, ['correlation', 'cosine']) },
    values: atPoints('correlation'),
  },
  {
    title: 'Dead units',
    note: 'Share of ReLU outputs (channels times positions) that are zero on every image of the batch. Layers without a ReLU have no point.',
    axis: 'linear',
    placeTitle: depth,
    spreadOver: 'seeds',
    gaps: 'bridge',
    csv: { name: 'dead-units.csv', text: (analysis) => pointsCsv(analysis, ['dead']) },
    values: atPoints('dead'),
  },
  {
    title: 'Singular values of the input-output Jacobian',
    note: 'Of the logits with respect to the image, the largest first, mean over images and seeds. Where all are near one size, every direction is passed on alike; those that are zero are lost.',
    axis: 'log',
    placeTitle: 'rank',
    spreadOver: 'images and seeds',
    gaps: 'break',
    csv: { name: 'singular-values.csv', text: singularValuesCsv },
    values: (series) => {
      const jacobians = series.seeds.flatMap(({ singularValues }) => singularValues)
      return (jacobians[0] ?? []).map((_, i) => spreadOf(jacobians.map((values) => values[i]!)))
    },
  },
]

/** The page as a complete HTML document. */
export function renderAnalysis(analysis: Analysis, facts: readonly ReportFact[]): string {
  return renderPage({
    title: `How signals travel through ${analysis.plan.network} before training`,
    lead: leadOf(analysis),
    sections: [
      tableSection(analysis),
      findingsSection(findingsOf(analysis)),
      ...figures.map((figure) => figureSection(analysis, figure)),
      placesSection(analysis),
      factsSection(facts),
    ],
  })
}

function figureSection(analysis: Analysis, figure: Figure): Html {
  const { series, plan } = analysis
  const panels = plan.kinds.map((kind) => panelOf(kind, series, figure))
  const values = panels.flatMap(({ lines }) =>
    lines.flatMap((line) =>
      line.values.flatMap((value) => (value === null ? [] : [value.mean, value.least, value.most])),
    ),
  )
  const axis = axisFor(figure.title, figure.axis, values)
  const room = roomForLabels(panels)
  return html`<section><h2>${figure.title}</h2><figure>
<div class="multiples">${panels.map((panel) => drawPlot(describeDepth(panel, axis, room)))}</div>
<figcaption class="note">${figure.note} ${axis.hasZeros ? 'Hollow markers on the dotted floor are exactly zero. ' : ''}${bandNote(analysis, figure)}Numbers: ${csvLink(figure.csv.name, figure.csv.text(analysis))}</figcaption></figure></section>`
}

function bandNote({ plan: { seeds } }: Analysis, { spreadOver }: Figure): string {
  if (seeds === 1 && spreadOver === 'seeds') return ''
  return `Lines are means, bands reach from the smallest to the largest over ${spreadOver}. `
}

function panelOf(kind: KernelKind, series: readonly Series[], figure: Figure): DepthPanel {
  const own = series.filter((each) => each.kind === kind)
  const lines = own.map(
    (each): Line => ({
      label: densityLabel(each) || kindNames[kind],
      values: figure.values(each),
    }),
  )
  const { placeTitle, gaps } = figure
  return { kind, lines, places: lines[0]?.values.length ?? 0, placeTitle, gaps }
}

function tableSection(analysis: Analysis): Html {
  const rows = summaryRows(analysis).map(
    ({ series, cells }) =>
      html`<tr><th scope="row">${kindMark(series.kind)} ${seriesLabel(series)}</th>${cells.map((cell) => html`<td class="number">${cell}</td>`)}</tr>`,
  )
  return html`<section id="results"><h2>Results</h2>
<div class="scroll" role="region" aria-label="Results" tabindex="0"><table class="headline runs">
<thead><tr><th scope="col">kernels</th>${summaryHeadings.map((heading) => html`<th scope="col" class="number">${heading}</th>`)}</tr></thead>
<tbody>${rows}</tbody></table></div>
<p class="note">${summaryNote(analysis)}</p></section>`
}

function placesSection({ points }: Analysis): Html {
  const rows = points.map(
    ({ name, type, rectified }, i) =>
      html`<tr><td class="number">${i + 1}</td><td>${name}</td><td>${type === 'block' ? 'sum of a residual block' : 'kernel layer'}${rectified ? ', with ReLU' : ''}</td></tr>`,
  )
  return html`<section><h2>Layers by their number</h2><details><summary>${points.length} places that were looked at</summary>
<div class="scroll" role="region" aria-label="Layers" tabindex="0"><table class="layers"><thead><tr><th scope="col" class="number">number</th><th scope="col">name</th><th scope="col">what it is</th></tr></thead>
<tbody>${rows}</tbody></table></div></details></section>`
}
