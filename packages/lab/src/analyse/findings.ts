// What was found, in sentences made from the numbers: how far signals and gradients get in each series, and where the
// sparse networks stand beside the DCTpS one.

import { formatDensity, formatPercent } from '../report/format.js'
import { formatSize, kindNames } from './labels.js'
import type { Analysis, Series } from './run-analysis.js'
import { lastHidden, type SeriesSummary, summarise } from './summary.js'

/** Likeness of two images at and above which a network hardly tells them apart. */
const ALIKE = 0.95

/** Share of a signal or gradient below which hardly anything is left. */
const FADED = 1e-3

/** Share of the DCTpS network's signal below which a sparse one is set beside it. */
const FAINTER = 0.5

/** Ratio from which on two gradients are worth a comparison. */
const APART = 3

/** One sentence or two a series: DCTpS first, then sparse by density, then dense. */
export function findingsOf(analysis: Analysis): string[] {
  const { series } = analysis
  const dctps = series.find(({ kind }) => kind === 'dctps')
  const reference = dctps === undefined ? null : summarise(analysis, dctps)
  return [
    ...(dctps === undefined || reference === null ? [] : [ofDctps(analysis, dctps, reference)]),
    ...series
      .filter(({ kind }) => kind === 'sparse')
      .map((each) => ofSparse(analysis, each, summarise(analysis, each), reference)),
    ...series
      .filter(({ kind }) => kind === 'dense')
      .map((each) => `The dense ${analysis.plan.network} ${carries(analysis, summarise(analysis, each))}.`),
    ...ofZeroLogits(analysis),
  ]
}

/** A network whose last layer starts at zero has no gradient before its first step, and nothing is wrong with it. */
function ofZeroLogits(analysis: Analysis): string[] {
  const logits = analysis.points.length - 1
  const isZero = analysis.series.some(
    (series) =>
      series.kind !== 'sparse' && summarise(analysis, series).silentFrom.every((index) => index === logits),
  )
  if (!isZero) return []
  return [
    `The last layer of ${analysis.plan.network} starts at zero: before the first step there are no logits and no gradients, whatever the kernels.`,
  ]
}

function ofDctps(analysis: Analysis, { densities }: Series, summary: SeriesSummary): string {
  const { network } = analysis.plan
  const same =
    densities.length > 1
      ? ` S starts at zero, so at ${densities.map(formatDensity).join(', ')} it is the same network.`
      : ''
  return `The DCTpS ${network} ${carries(analysis, summary)}.${besideDense(analysis, summary)}${same}`
}

/** Gradients that grow are said as those that vanish are. */
function besideDense(analysis: Analysis, { gradient }: SeriesSummary): string {
  const dense = analysis.series.find(({ kind }) => kind === 'dense')
  if (dense === undefined) return ''
  const reference = summarise(analysis, dense).gradient.mean
  if (reference === 0) return ''
  const times = gradient.mean / reference
  if (times < APART && times > 1 / APART) return ''
  return ` That gradient is ${formatSize(times)} times as large as the dense network's.`
}

function ofSparse(
  analysis: Analysis,
  { densities }: Series,
  summary: SeriesSummary,
  dctps: SeriesSummary | null,
): string {
  const start = `At ${densities.map(formatDensity).join(', ')}, the sparse ${analysis.plan.network}`
  const silent = summary.silentFrom.filter((index) => index !== null)
  const seeds = summary.silentFrom.length
  const isFainter =
    dctps !== null &&
    (summary.signal.mean < FAINTER * dctps.signal.mean ||
      (summary.gradient.most === 0 && dctps.gradient.most > 0))
  const beside = isFainter
    ? `; for the DCTpS one these are ${formatSize(dctps.signal.mean)} times and ${formatSize(dctps.gradient.mean)}`
    : ''
  if (silent.length === seeds && Math.max(...silent) <= lastHidden(analysis)) {
    const [first, last] = [Math.min(...silent), Math.max(...silent)]
    const where =
      first === last
        ? `from ${placeOf(analysis, first)} on`
        : `from ${placeOf(analysis, first)} to ${placeOf(analysis, last)} on, by seed`
    const kept =
      dctps === null ? '' : `; the DCTpS one has ${formatSize(dctps.signal.mean)} times its first layer's`
    return `${start} has no signal left ${where}: it is exactly zero for every image${kept}.`
  }
  const someSilent =
    silent.length === 0
      ? ''
      : ` With ${silent.length} of ${seeds} seeds its logits are exactly zero for every image.`
  return `${start} ${carries(analysis, summary)}${beside}.${someSilent}${caveat(summary)}`
}

/** What arrives at both ends, in words that follow the name of a network. */
function carries(analysis: Analysis, summary: SeriesSummary): string {
  const name = analysis.points[lastHidden(analysis)]!.name
  const alike =
    summary.correlation === null
      ? ''
      : `, where two images correlate by ${formatSize(summary.correlation.mean)}`
  const gradient =
    summary.gradient.most === 0
      ? 'no gradient reaches the first layer'
      : `a logit's gradient at the first layer has norm ${formatSize(summary.gradient.mean)}`
  return `has ${formatSize(summary.signal.mean)} times its first layer's signal at ${name}${alike}; ${formatPercent(summary.dead?.mean ?? 0, 0)} of its ReLU units are dead, and ${gradient}`
}

/** A signal that is large says little where it is the same for every image, or where no gradient comes back. */
function caveat({ signal, correlation, gradient, rank, largest }: SeriesSummary): string {
  if (signal.mean < FADED) return ''
  const lost = [
    ...(correlation !== null && correlation.mean >= ALIKE
      ? ['what arrives is almost the same for every image']
      : []),
    ...(largest.most === 0
      ? ['no logit depends on the image']
      : gradient.mean < FADED
        ? ['hardly any gradient comes back']
        : []),
    ...(largest.most > 0 && rank < 1.5 ? ['the logits depend on the image in one direction only'] : []),
  ]
  return lost.length === 0 ? '' : ` Its signal has a size, but ${lost.join(', and ')}.`
}

/** `feature.27 (layer 10 of 17)` */
function placeOf({ points }: Analysis, index: number): string {
  return `${points[index]!.name} (${index + 1} of ${points.length})`
}

/** The sentence at the top: the sparsest sparse network beside the DCTpS one, or whatever there is. */
export function leadOf(analysis: Analysis): string {
  const findings = findingsOf(analysis)
  const sparsest = analysis.series.filter(({ kind }) => kind === 'sparse').at(-1)
  if (sparsest === undefined) return findings[0] ?? ''
  const start = `At ${sparsest.densities.map(formatDensity).join(', ')}, the ${kindNames.sparse}`
  return findings.find((finding) => finding.startsWith(start)) ?? ''
}
