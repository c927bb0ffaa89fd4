// Reading JSON that came from a file: every access checks the type and, where it does not fit, names the path, what was
// expected and what was received. No dependency, no schema language: a reader calls one method per field.

import { DctpsError } from '../errors.js'

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue }

/** What was received, short enough for a message. */
function brief(value: unknown): string {
  if (value === undefined) return 'nothing'
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

function mismatch(where: string, expected: string, received: unknown): DctpsError {
  return new DctpsError(
    'file',
    `${where}: expected ${expected}, received ${brief(received)}; the file is damaged or was written by another program`,
  )
}

/** An object's fields, read by name; all methods throw DctpsError `file`. */
export class Fields {
  readonly #object: object
  /** For messages: the file and the path to this object, e.g. `model.dctps: header.support`. */
  readonly where: string

  constructor(value: unknown, where: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw mismatch(where, 'an object', value)
    }
    this.#object = value
    this.where = where
  }

  /** All field names. */
  names(): string[] {
    return Object.keys(this.#object)
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#object, name)
  }

  /** The field as it is, undefined when missing. */
  value(name: string): unknown {
    return this.has(name) ? Object.getOwnPropertyDescriptor(this.#object, name)?.value : undefined
  }

  string(name: string): string {
    return asString(this.value(name), this.#path(name))
  }

  /** One of a fixed list of strings. */
  oneOf<T extends string>(name: string, choices: readonly T[]): T {
    const value = this.value(name)
    const choice = choices.find((candidate) => candidate === value)
    if (choice === undefined) throw mismatch(this.#path(name), `one of ${choices.join(', ')}`, value)
    return choice
  }

  boolean(name: string): boolean {
    const value = this.value(name)
    if (typeof value !== 'boolean') throw mismatch(this.#path(name), 'true or false', value)
    return value
  }

  /** A finite number. */
  number(name: string): number {
    return asNumber(this.value(name), this.#path(name))
  }

  /** An integer from `min` to `max`. */
  integer(name: string, min = 0, max = Number.MAX_SAFE_INTEGER): number {
    return asInteger(this.value(name), this.#path(name), min, max)
  }

  object(name: string): Fields {
    return new Fields(this.value(name), this.#path(name))
  }

  /** A list, each element read by `read(value, where)`: `fields.list('classes', asString)`. */
  list<T>(name: string, read: (value: unknown, where: string) => T): T[] {
    const value = this.value(name)
    if (!Array.isArray(value)) throw mismatch(this.#path(name), 'a list', value)
    return value.map((item: unknown, index) => read(item, `${this.#path(name)}[${index}]`))
  }

  #path(name: string): string {
    return `${this.where}.${name}`
  }
}

/** @throws DctpsError `file` */
export function asString(value: unknown, where: string): string {
  if (typeof value !== 'string') throw mismatch(where, 'a string', value)
  return value
}

/** @throws DctpsError `file` unless the value is a finite number */
export function asNumber(value: unknown, where: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw mismatch(where, 'a finite number', value)
  return value
}

/** @throws DctpsError `file` unless the value is an integer from `min` to `max` */
export function asInteger(value: unknown, where: string, min = 0, max = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max) {
    throw mismatch(where, `an integer from ${min} to ${max}`, value)
  }
  return value
}

/** @throws DctpsError `file` unless the value could stand in a JSON document */
export function asJson(value: unknown, where: string): JsonValue {
  if (!isJson(value)) throw mismatch(where, 'a JSON value', value)
  return value
}

function isJson(value: unknown): value is JsonValue {
  if (typeof value === 'object' && value !== null) return Object.values(value).every(isJson)
  return (
    value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string'
  )
}
