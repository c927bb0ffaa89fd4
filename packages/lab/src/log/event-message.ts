// The few protobuf messages of a TensorBoard event file, encoded by hand: `Event`, `Summary` with scalar values, and
// the `SessionLog` that marks a restart. Framing and files are left to tensorboard.ts.
// Source: tensorflow/core/util/event.proto and tensorflow/core/framework/summary.proto.

/** Protobuf wire types: how the bytes after a field's key are to be read. */
const VARINT = 0
const FIXED64 = 1
const LENGTH_DELIMITED = 2
const FIXED32 = 5

/** `SessionLog.SessionStatus.START` */
const SESSION_START = 1

export interface Scalar {
  readonly tag: string
  readonly value: number
}

/** What one event says; TensorBoard reads the version from the first event of a file. */
export type EventBody =
  | { readonly what: 'version' }
  | { readonly what: 'scalars'; readonly scalars: readonly Scalar[] }
  | { readonly what: 'restart' }

/**
 * One serialised `Event`.
 * @param wallTime seconds since 1970
 * @param step optimiser step, a non-negative safe integer
 */
export function encodeEvent(wallTime: number, step: number, body: EventBody): Uint8Array {
  // Proto3 leaves out fields with their default value, as TensorFlow's own files do.
  const stepField = step === 0 ? new Uint8Array() : varintField(2, step)
  return Buffer.concat([double(1, wallTime), stepField, encodeBody(body)])
}

function encodeBody(body: EventBody): Uint8Array {
  switch (body.what) {
    case 'version':
      return bytesField(3, Buffer.from('brain.Event:2'))
    case 'scalars':
      return bytesField(5, Buffer.concat(body.scalars.map((scalar) => bytesField(1, encodeScalar(scalar)))))
    case 'restart':
      return bytesField(7, varintField(1, SESSION_START))
  }
}

function encodeScalar({ tag, value }: Scalar): Uint8Array {
  return Buffer.concat([bytesField(1, Buffer.from(tag)), float(2, value)])
}

function key(field: number, wireType: number): Uint8Array {
  return varint(field * 8 + wireType)
}

/** Base-128, least significant group first; plain arithmetic because a step may exceed 32 bits. */
function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  while (rest >= 128) {
    bytes.push((rest % 128) + 128)
    rest = Math.floor(rest / 128)
  }
  return Uint8Array.of(...bytes, rest)
}

function varintField(field: number, value: number): Uint8Array {
  return Buffer.concat([key(field, VARINT), varint(value)])
}

function bytesField(field: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([key(field, LENGTH_DELIMITED), varint(bytes.length), bytes])
}

function double(field: number, value: number): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(value)
  return Buffer.concat([key(field, FIXED64), bytes])
}

function float(field: number, value: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatLE(value)
  return Buffer.concat([key(field, FIXED32), bytes])
}
