// Trainers on worker threads that are closed after the test, whatever happens in it.

import { afterEach } from 'vitest'
import { createNodeRunner } from '#core/node'
import type { TrainTask } from '#core/train/setup'
import type { TrainState } from '#core/train/state'
import { Trainer } from '#core/train/trainer'

let open: Trainer[] = []
afterEach(() => {
  for (const trainer of open) trainer.close()
  open = []
})

export async function openTrainer(
  task: TrainTask,
  state: TrainState | null = null,
  threads = 1,
): Promise<Trainer> {
  const created = await Trainer.create(
    task,
    { createRunner: (program) => createNodeRunner(program, threads) },
    state,
  )
  open.push(created)
  return created
}
