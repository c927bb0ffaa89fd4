// How files are fetched, and what is told meanwhile.

export type DownloadEvent =
  | { readonly type: 'bytes'; readonly file: string; readonly received: number; readonly total: number }
  /** What the user should know though work goes on. */
  | { readonly type: 'notice'; readonly message: string }

export interface DownloadOptions {
  /** Pauses in ms between attempts that bring nothing new; one more failure than there are pauses is the last. */
  readonly pauses: readonly number[]
  /** A connection that brings nothing for so long is given up. */
  readonly stallMilliseconds: number
  readonly signal: AbortSignal | null
  readonly onEvent: (event: DownloadEvent) => void
}

export const downloadDefaults = {
  pauses: [1000, 2000, 4000, 8000, 16000],
  stallMilliseconds: 30_000,
  signal: null,
  onEvent: () => {},
} as const satisfies DownloadOptions
