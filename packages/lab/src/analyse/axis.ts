// Vertical axes that several plots share, so that they can be compared: of shares, and of sizes over many powers of ten,
// where what is exactly zero lies on a marked floor.

export interface Axis {
  readonly title: string
  readonly type: 'log' | 'linear'
  readonly domain: readonly [number, number]
  readonly ticks: readonly number[]
  /** Whether the lowest tick is the floor on which zeros lie. */
  readonly hasZeros: boolean
}

/** Of normal float64 numbers. */
const SMALLEST_EXPONENT = -307

/** An axis that all values fit on; the zeros of a logarithmic one lie a little below its smallest value. */
export function axisFor(title: string, type: Axis['type'], values: readonly number[]): Axis {
  if (type === 'linear') {
    const low = Math.floor(10 * Math.min(0, ...values)) / 10
    const ticks = [-1, -0.5, 0, 0.5, 1].filter((tick) => tick >= low)
    return { title, type, domain: [low, 1], ticks, hasZeros: false }
  }
  const positive = values.filter((value) => value > 0)
  const [least, most] = positive.length === 0 ? [1, 1] : [Math.min(...positive), Math.max(...positive)]
  const low = Math.floor(Math.log10(least))
  const high = Math.max(low + 1, Math.ceil(Math.log10(most)))
  const hasZeros = positive.length < values.length
  const step = [1, 2, 3, 5, 10, 20, 50].find((size) => (high - low) / size <= 6) ?? 100
  const first = Math.ceil(low / step)
  const decades = Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => (first + i) * step)
  const floor = 10 ** Math.max(SMALLEST_EXPONENT, low - Math.max(0.6, 0.12 * (high - low)))
  // Read as text, a power of ten is the number nearest to it.
  const power = (exponent: number) => Number(`1e${exponent}`)
  return {
    title,
    type,
    domain: [hasZeros ? floor : power(low), power(high)],
    ticks: [...(hasZeros ? [floor] : []), ...decades.map(power)],
    hasZeros,
  }
}

const superscripts = [
  '\u2070',
  '\u00b9',
  '\u00b2',
  '\u00b3',
  '\u2074',
  '\u2075',
  '\u2076',
  '\u2077',
  '\u2078',
  '\u2079',
]

/** `10\u207b\u2074` on logarithmic axes. */
export function tickText(value: number, { type, domain: [low], hasZeros }: Axis): string {
  if (hasZeros && value === low) return '0'
  if (type === 'linear') return String(value)
  const exponent = Math.round(Math.log10(value))
  if (exponent === 0) return '1'
  if (exponent === 1) return '10'
  const digits = [...String(Math.abs(exponent))].map((digit) => superscripts[Number(digit)]!)
  return `10${exponent < 0 ? '\u207b' : ''}${digits.join('')}`
}
