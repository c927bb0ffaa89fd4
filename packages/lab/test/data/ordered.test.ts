import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { inOrder } from '#lab/data/ordered'

async function* numbers(count: number): AsyncGenerator<number> {
  for (let i = 0; i < count; i++) yield i
}

test('results come in the order of the items, however long each takes, and never more run than allowed', async () => {
  let running = 0
  let most = 0
  const work = async (item: number) => {
    most = Math.max(most, ++running)
    await sleep((item * 7) % 5)
    running--
    return item
  }
  const results: number[] = []
  for await (const result of inOrder(numbers(30), 4, work)) results.push(result)
  expect(results).toEqual(Array.from({ length: 30 }, (_, i) => i))
  expect(most).toBe(4)
})

test('a failure is thrown in its turn, after the results before it, and nothing is left running', async () => {
  let running = 0
  const work = async (item: number) => {
    running++
    await sleep(item === 3 ? 0 : 5)
    running--
    if (item === 3) throw new Error('three')
    return item
  }
  const results: number[] = []
  const consume = async () => {
    for await (const result of inOrder(numbers(10), 4, work)) results.push(result)
  }
  await expect(consume()).rejects.toThrow('three')
  expect(results).toEqual([0, 1, 2])
  expect(running).toBe(0)
})
