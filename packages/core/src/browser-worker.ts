// The worker of a page: waits for its start data, then runs the portable loop.

import { runWorker, type WorkerStart } from './runtime/worker.js'

addEventListener(
  'message',
  (event: MessageEvent<WorkerStart>) => {
    void runWorker(event.data, (message) => postMessage(message))
  },
  { once: true },
)
