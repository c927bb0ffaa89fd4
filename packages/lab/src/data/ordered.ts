// Bounded concurrency over a stream of items, with results in the order of the items.

/**
 * Runs `work` on up to `limit` items at once. When the consumer stops early or an item fails, nothing new starts and
 * what is running is waited for.
 */
export async function* inOrder<Item, Result>(
  items: AsyncIterable<Item>,
  limit: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const running: Promise<Result>[] = []
  try {
    for await (const item of items) {
      const started = work(item)
      // a failure is thrown when its turn comes; until then it must not count as unhandled
      started.catch(() => {})
      running.push(started)
      if (running.length >= limit) yield await first(running)
    }
    while (running.length > 0) yield await first(running)
  } finally {
    await Promise.allSettled(running)
  }
}

function first<Result>(running: Promise<Result>[]): Promise<Result> {
  const promise = running.shift()
  if (promise === undefined) throw new Error('nothing is running')
  return promise
}
