// What the networks see and answer: the same test images with each shown run's answer below them.

import { csvLink, formatCsv } from './csv.js'
import { formatPercent } from './format.js'
import { type Html, html } from './html.js'
import { pixelsDataUri } from './image.js'
import { kindMark } from './kind-look.js'
import { byNetwork, groupBy, type ReportAnswer, type ReportRun, shownRuns } from './records.js'

/** More would lengthen the page without telling more. */
const MOST_IMAGES = 24

interface Answer {
  readonly run: ReportRun
  readonly answer: ReportAnswer
}

/** Null where no shown run has answers. */
export async function answersSection(runs: readonly ReportRun[]): Promise<Html | null> {
  const answers = shownRuns(runs).flatMap((run) => run.answers.map((answer) => ({ run, answer })))
  if (answers.length === 0) return null
  // Runs list their own copies of the images; equal pixels are one image.
  const images = [...groupBy(answers, ({ answer }) => imageKey(answer)).values()]
  const cards = await Promise.all(images.slice(0, MOST_IMAGES).map(card))
  return html`<section id="answers"><h2>What the networks see and answer</h2>
<p>Images from the test set, at the size the network gets them. Below each: what every network takes it for, and how sure it is. <span class="right">\u2713</span> right, <span class="wrong">\u2717</span> wrong.</p>
<div class="cards">${cards}</div>
<p class="note">Numbers: ${csvLink('answers.csv', answersCsv(images))}</p></section>`
}

/** One line an answer; images are numbered from 1 in the order shown. */
export function answersCsv(images: readonly (readonly Answer[])[]): string {
  return formatCsv(
    ['image', 'class', 'run', 'label', 'predicted', 'probability'],
    images.flatMap((ofImage, index) =>
      ofImage.map(({ run, answer }) => [
        index + 1,
        answer.label,
        run.id,
        run.label,
        answer.predicted,
        answer.probability,
      ]),
    ),
  )
}

async function card(answers: readonly Answer[]): Promise<Html> {
  const { label, pixels, shape } = answers[0]!.answer
  const uri = await pixelsDataUri(pixels, shape)
  return html`<article class="card">
<header><img src="${uri}" alt="Test image, true class ${label}" width="${shape.width}" height="${shape.height}"><div><span class="caption">true class</span><strong>${label}</strong></div></header>
${byNetwork(answers.map(({ run }) => run)).map(
  ({ heading, runs }) =>
    html`${heading === null ? null : html`<h4>${heading}</h4>`}<ul>${answers.filter(({ run }) => runs.includes(run)).map(answerRow)}</ul>`,
)}</article>`
}

function answerRow({ run, answer }: Answer): Html {
  const right = answer.predicted === answer.label
  const percent = formatPercent(answer.probability, 0)
  return html`<li class="${right ? 'right' : 'wrong'}"><span class="run">${kindMark(run.kind)} ${run.label}</span><span class="said"><span class="verdict" role="img" aria-label="${right ? 'right' : 'wrong'}">${right ? '\u2713' : '\u2717'}</span> ${answer.predicted}</span><span class="sure"><span class="bar" style="--fill: ${percent}"></span>${percent}</span></li>`
}

function imageKey({ label, pixels, shape }: ReportAnswer): string {
  return JSON.stringify([
    label,
    shape.channels,
    shape.height,
    shape.width,
    Buffer.from(pixels).toString('base64'),
  ])
}
