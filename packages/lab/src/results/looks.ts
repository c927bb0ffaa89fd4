// How each method looks in all plots and tables of a report: colour, dash and marker all differ, so plots can be read in
// grey and by colour-blind eyes.

import { type Html, html } from '../report/html.js'
import { type KindLook, kindLooks } from '../report/kind-look.js'
import type { Panel } from './panels.js'

export type MethodLooks = ReadonlyMap<string, KindLook>

/** Colours: Okabe & Ito, "Color Universal Design" (2008), without yellow, which white paper swallows. */
const others: readonly KindLook[] = [
  { colour: '#009e73', dash: '9 3 2 3', symbol: 'diamond', glyph: '\u25c6' },
  { colour: '#cc79a7', dash: '4 2', symbol: 'star', glyph: '\u2605' },
  { colour: '#e69f00', dash: '12 3', symbol: 'cross', glyph: '\u271a' },
  { colour: '#56b4e9', dash: '2 2 6 2', symbol: 'wye', glyph: 'Y' },
  { colour: '#000000', dash: '5 5', symbol: 'hexagon', glyph: '\u2b22' },
]

/** The first method of each kind looks as its kind does elsewhere; the others follow in order, and begin again at the end. */
export function methodLooks(panels: readonly Panel[]): MethodLooks {
  const looks = new Map<string, KindLook>()
  const taken = new Set<KindLook>()
  let next = 0
  for (const { method, kind } of panels.flatMap(({ cells }) => cells)) {
    if (looks.has(method)) continue
    const own = kindLooks[kind]
    const look = taken.has(own) ? others[next++ % others.length]! : own
    taken.add(look)
    looks.set(method, look)
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
