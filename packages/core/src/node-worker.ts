// The worker thread of Node: hands its start data to the portable loop.

import { parentPort, workerData } from 'node:worker_threads'
import { runWorker } from './runtime/worker.js'

if (parentPort === null) throw new Error('node-worker.js only runs as a worker thread')
const port = parentPort
await runWorker(workerData, (message) => port.postMessage(message))
