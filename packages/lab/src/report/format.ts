// Numbers as people read them, the same in the terminal and in the HTML report.

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** Bytes in decimal units, three digits: `512 B`, `8.19 kB`, `1.20 MB`. */
export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  // 999.5 kB would round to a four-digit number, so the next unit starts there.
  while (value >= 999.5 && unit < byteUnits.length - 1) {
    value /= 1000
    unit++
  }
  const decimals = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
  return `${value.toFixed(decimals)} ${byteUnits[unit]}`
}

/** Whole numbers with thousands separated: `61,470`. */
export function formatCount(count: number): string {
  return Number.isFinite(count) ? Math.round(count).toLocaleString('en-US') : 'n/a'
}

/** A fraction as a percentage with fixed decimals, so that a column lines up: `0.7648` is `76.5%`. */
export function formatPercent(fraction: number, decimals = 1): string {
  return Number.isFinite(fraction) ? `${(100 * fraction).toFixed(decimals)}%` : 'n/a'
}

/** A density: three significant digits and no padding, since 1% and 0.01% appear side by side. */
export function formatDensity(fraction: number): string {
  if (!Number.isFinite(fraction)) return 'n/a'
  return `${Number((100 * fraction).toPrecision(3)).toLocaleString('en-US', { maximumSignificantDigits: 3 })}%`
}

/** Seconds: `0.42 s`, `12.3 s`, `3 min 05 s`, `2 h 10 min`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'n/a'
  if (seconds < 9.995) return `${seconds.toFixed(2)} s`
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`
  const minutes = Math.round(seconds / 60)
  return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`
}

function pad(value: number): string {
  return value.toString().padStart(2, '0')
}
