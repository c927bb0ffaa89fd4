// How each kind of kernel looks, everywhere in the report. Colour never stands alone: dash, marker and name differ
// too, so the report reads the same in grey and to colour-blind eyes.

import type { KernelKind } from 'dctps/internal/network/layer'
import { type Html, html } from './html.js'

export interface KindLook {
  readonly colour: string
  /** SVG dash array; null is a solid line. */
  readonly dash: string | null
  /** Marker by its name in Observable Plot. */
  readonly symbol: 'circle' | 'triangle' | 'square' | 'diamond' | 'star' | 'cross' | 'wye' | 'hexagon'
  /** The same marker as a character. */
  readonly glyph: string
}

/** Colours: Okabe & Ito, "Color Universal Design" (2008). */
export const kindLooks: Readonly<Record<KernelKind, KindLook>> = {
  dctps: { colour: '#0072b2', dash: null, symbol: 'circle', glyph: '\u25cf' },
  sparse: { colour: '#d55e00', dash: '7 3', symbol: 'triangle', glyph: '\u25b2' },
  dense: { colour: '#333333', dash: '2 3', symbol: 'square', glyph: '\u25a0' },
}

/** The marker before a run's name; the name says the same, so it is silent to screen readers. */
export function kindMark(kind: KernelKind): Html {
  return html`<span class="mark ${kind}" aria-hidden="true">${kindLooks[kind].glyph}</span>`
}
