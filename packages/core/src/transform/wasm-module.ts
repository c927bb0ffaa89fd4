// A WebAssembly module around function bodies: types, one imported memory, one exported function.

import { ByteWriter } from './byte-writer.js'
import { type FunctionBody, I32 } from './function-body.js'

/**
 * A module of functions over `env.memory`, the last of which is exported as `run`. The memory's limits admit any memory
 * of its kind: a shared one needs a maximum, 4 GiB.
 */
export function encodeModule(
  functions: readonly FunctionBody[],
  sharedMemory: boolean,
): Uint8Array<ArrayBuffer> {
  const module = new ByteWriter()
  module.append([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0])
  const arities = [...new Set(functions.map((body) => body.parameters))]
  section(module, 1, arities.length, (writer) => {
    for (const arity of arities) {
      writer.byte(0x60)
      writer.unsigned(arity)
      for (let i = 0; i < arity; i++) writer.byte(I32)
      writer.byte(0)
    }
  })
  section(module, 2, 1, (writer) => {
    writer.name('env')
    writer.name('memory')
    writer.byte(2)
    writer.byte(sharedMemory ? 3 : 0)
    writer.unsigned(1)
    if (sharedMemory) writer.unsigned(65536)
  })
  section(module, 3, functions.length, (writer) => {
    for (const body of functions) writer.unsigned(arities.indexOf(body.parameters))
  })
  section(module, 7, 1, (writer) => {
    writer.name('run')
    writer.byte(0)
    writer.unsigned(functions.length - 1)
  })
  section(module, 10, functions.length, (writer) => {
    for (const body of functions) body.encode(writer)
  })
  return module.bytes()
}

function section(module: ByteWriter, id: number, entries: number, write: (writer: ByteWriter) => void): void {
  const content = new ByteWriter()
  content.unsigned(entries)
  write(content)
  module.byte(id)
  module.unsigned(content.length)
  module.append(content.view())
}
