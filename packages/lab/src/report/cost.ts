// Accuracy against the size of the model file: the trade that sparse networks are made for.

import * as Plot from '@observablehq/plot'
import { accuracyOverLog } from './accuracy-frame.js'
import { accuracyDomain } from './axes.js'
import { formatBytes, formatPercent } from './format.js'
import { type Html, html } from './html.js'
import { kindLooks } from './kind-look.js'
import { placePointLabels } from './place-labels.js'
import { drawPlot, labelWidth, PLOT_FONT_SIZE, PLOT_WIDTH } from './plot.js'
import { bestValidationAccuracy, byNetwork, groupBy, type ReportRun, shownRuns } from './records.js'

const HEIGHT = 300
const MARGIN = { top: 34, right: 24, bottom: 44, left: 46 } as const

/** Between a point and its name, and between the name and the frame. */
const LABEL_GAP = 14

interface CostPoint {
  readonly run: ReportRun
  readonly bytes: number
  readonly accuracy: number
}

/** Null where no run has an accuracy. */
export function costSection(runs: readonly ReportRun[]): Html | null {
  const shown = shownRuns(runs).filter((run) => run.failed === null)
  const tested = shown.some((run) => run.testAccuracy !== null)
  const points = shown.flatMap((run) => {
    const accuracy = tested ? run.testAccuracy?.best : bestValidationAccuracy(run)
    return accuracy === null || accuracy === undefined ? [] : [{ run, bytes: run.storedBytes, accuracy }]
  })
  if (points.length === 0) return null
  const axis = tested ? 'Test accuracy' : 'Validation accuracy'
  const panels = byNetwork(points.map(({ run }) => run)).map(({ heading, runs: ofNetwork }) => {
    const own = points.filter(({ run }) => ofNetwork.includes(run))
    return html`<div>${heading === null ? null : html`<h3>${heading}</h3>`}${costPlot(own, axis)}</div>`
  })
  return html`<section id="cost"><h2>What the accuracy costs</h2>
<figure class="beside">${panels}<figcaption>
<p>Each point is a trained network: up is more accurate, left is smaller. The horizontal axis is logarithmic, and counts the whole model file, with biases and normalisation.</p>
<p class="note">Numbers: the table at the top, and <span class="download">runs.csv</span> below it.</p>
</figcaption></figure></section>`
}

/** @param points of one network */
function costPlot(points: readonly CostPoint[], axis: string): Html {
  return drawPlot({
    title: `${axis} against size of the model file`,
    description: points
      .map(({ run, bytes, accuracy }) => `${run.label}: ${formatPercent(accuracy)} in ${formatBytes(bytes)}`)
      .join('; '),
    options: plotOptions(points, axis),
  })
}

function plotOptions(points: readonly CostPoint[], axis: string): Plot.PlotOptions {
  const [low, high] = accuracyDomain(points.map((point) => point.accuracy))
  const frame = {
    x: 0,
    y: 0,
    width: PLOT_WIDTH - MARGIN.left - MARGIN.right,
    height: HEIGHT - MARGIN.top - MARGIN.bottom,
  }
  const [bytesLow, bytesHigh] = logDomain(points, frame.width)
  const labels = placePointLabels(
    points.map(({ run, bytes, accuracy }) => ({
      x: (Math.log(bytes / bytesLow) / Math.log(bytesHigh / bytesLow)) * frame.width,
      y: ((high - accuracy) / (high - low)) * frame.height,
      width: labelWidth(run.label),
      height: PLOT_FONT_SIZE * 1.2,
    })),
    frame,
  )
  const families = groupBy(points, ({ run }) => JSON.stringify([run.network, run.kind, run.rule]))
  return accuracyOverLog(
    {
      height: HEIGHT,
      margin: MARGIN,
      x: { name: 'size of the model file', domain: [bytesLow, bytesHigh], format: tickBytes },
      y: { name: axis, domain: [low, high] },
    },
    [
      [...families.values()].map((family) => drawFamily(family)),
      points.map(({ run, bytes, accuracy }, index) => {
        const { dx, dy, anchor } = labels[index]!
        return Plot.text([run.label], {
          x: [bytes],
          y: [accuracy],
          dx,
          dy,
          textAnchor: anchor,
          fill: kindLooks[run.kind].colour,
          fontWeight: 600,
          stroke: 'white',
          strokeWidth: 4,
        })
      }),
    ],
  )
}

/** The same network, kind and rule at several densities, joined in order of size. */
function drawFamily(points: readonly CostPoint[]) {
  const { colour, dash, symbol } = kindLooks[points[0]!.run.kind]
  return [
    Plot.line(
      [...points].sort((a, b) => a.bytes - b.bytes),
      {
        x: 'bytes',
        y: 'accuracy',
        stroke: colour,
        strokeOpacity: 0.5,
        ...(dash === null ? {} : { strokeDasharray: dash }),
      },
    ),
    Plot.dot(points, {
      x: 'bytes',
      y: 'accuracy',
      symbol,
      fill: colour,
      r: 5,
      title: ({ run, bytes, accuracy }) =>
        `${run.label}: ${formatPercent(accuracy)} in ${formatBytes(bytes)}`,
    }),
  ]
}

/** The axis ends where the names of the outermost points still fit beside them, within a third of `width` a side. */
function logDomain(points: readonly CostPoint[], width: number): [number, number] {
  const bySize = [...points].sort((a, b) => a.bytes - b.bytes)
  const [smallest, largest] = [bySize[0]!, bySize.at(-1)!]
  const room = ({ run }: CostPoint) => Math.min((labelWidth(run.label) + LABEL_GAP) / width, 1 / 3)
  const low = Math.max(1, smallest.bytes)
  const span = Math.max(2, largest.bytes / low)
  const wholeSpan = span ** (1 / (1 - room(smallest) - room(largest)))
  return [low / wholeSpan ** room(smallest), low * span * wholeSpan ** room(largest)]
}

/** `10 kB` rather than `10.0 kB`: ticks are round numbers. */
function tickBytes(bytes: number): string {
  return formatBytes(bytes).replace(/\.0+ /, ' ')
}
