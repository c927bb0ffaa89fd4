// How each method looks in all plots and tables of a report: colour, dash and marker all differ, so plots can be read in
// grey and by colour-blind eyes.

import { type Html, html } from '../report/html.js'
import { type KindLook, kindLooks } from '../report/kind-look.js'
import type { Panel } from './panels.js'

export type MethodLooks = ReadonlyMap<string, KindLook>

/** Okabe & Ito, "Color Universal Design" (2008), without yellow, which white paper swallows. */
const colours = ['#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000'] as const

const dashes = ['9 3 2 3', '4 2', '12 3', '2 2 6 2', '5 5'] as const

const markers = [
  { symbol: 'diamond', glyph: '\u25c6' },
  { symbol: 'star', glyph: '\u2605' },
  { symbol: 'cross', glyph: '\u271a' },
  { symbol: 'wye', glyph: 'Y' },
  { symbol: 'hexagon', glyph: '\u2b22' },
] as const

/** Of the methods that do not look as their kind does: each colour, dash and marker once, then in other pairs. */
function otherLook(index: number): KindLook {
  const count = colours.length
  const round = Math.floor(index / count)
  const shifted = (by: number) => (index + by * round) % count
  return { colour: colours[shifted(0)]!, dash: dashes[shifted(2)]!, ...markers[shifted(1)]! }
}

/** The first method of each kind looks as its kind does elsewhere. */
export function methodLooks(panels: readonly Panel[]): MethodLooks {
  const looks = new Map<string, KindLook>()
  const taken = new Set<KindLook>()
  let others = 0
  for (const { method, kind } of panels.flatMap(({ cells }) => cells)) {
    if (looks.has(method)) continue
    const own = kindLooks[kind]
    looks.set(method, taken.has(own) ? otherLook(others++) : own)
    taken.add(own)
  }
  return looks
}

export function lookOf(looks: MethodLooks, method: string): KindLook {
  return looks.get(method) ?? kindLooks.dense
}

/** The marker before a method's name; the name says the same, so it is silent to screen readers. */
export function methodMark({ colour, glyph }: KindLook): Html {
  return html`<span class="mark" style="color: ${colour}" aria-hidden="true">${glyph}</span>`
}

/** A piece of line with its marker for each method, in the order given. */
export function legend(looks: MethodLooks, methods: readonly string[]): Html {
  const items = methods.map((method) => {
    const { colour, dash, glyph } = lookOf(looks, method)
    return html`<li><svg width="48" height="16" viewBox="0 0 48 16" aria-hidden="true"><line x1="0" y1="8" x2="48" y2="8" stroke="${colour}" stroke-width="2.2" stroke-dasharray="${dash ?? 'none'}"/><text x="24" y="13" text-anchor="middle" font-size="14" fill="${colour}" stroke="#fff" stroke-width="3" paint-order="stroke">${glyph}</text></svg> ${method}</li>`
  })
  return html`<ul class="legend">${items}</ul>`
}
