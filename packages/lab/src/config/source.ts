// Where settings come from, a config file or the command line: each source is checked by itself, so that a message can
// say which of them is wrong.

import { extname } from 'node:path'
import { DctpsError } from 'dctps'
import { didYouMean } from 'dctps/internal/support/nearest-name'
import { readFileChecked } from 'dctps/node'
import type { z } from 'zod'
import { expectedOf, isSettingName, type Settings, settingNames, settingsSchema } from './settings.js'

/** Names a setting as its source spells it, e.g. `--weight-decay`, or `weightDecay in base.yaml`. */
export type Spelling = (name: string) => string

/**
 * Checks what a source says.
 * @throws DctpsError `usage` naming the setting, what is allowed, what was received and where
 */
export function parseSettings(value: unknown, spelling: Spelling): Settings {
  const parsed = settingsSchema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new DctpsError('usage', describeIssue(parsed.error.issues[0]!, value, spelling))
}

/**
 * Reads a JSON or YAML file of settings.
 * @throws DctpsError `file` when it cannot be read; `usage` when it is not JSON or YAML, or a setting is wrong
 */
export async function readSettings(file: string): Promise<Settings> {
  const value = await readDocument(file)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new DctpsError(
      'usage',
      `${file} holds no settings: expected names and values such as "density: 0.01", received ${briefly(value)}`,
    )
  }
  return parseSettings(value, (name) => `${name} in ${file}`)
}

/**
 * Reads what a JSON or YAML file holds, whatever it is.
 * @throws DctpsError `file` when it cannot be read; `usage` when it is not JSON or YAML
 */
export async function readDocument(file: string): Promise<unknown> {
  const text = new TextDecoder().decode(await readFileChecked(file))
  return extname(file).toLowerCase() === '.json'
    ? parseText(file, 'JSON', text, JSON.parse)
    : parseText(file, 'YAML', text, (await import('yaml')).parse)
}

function parseText(file: string, format: string, text: string, read: (text: string) => unknown): unknown {
  try {
    return read(text)
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n', 1)[0]! : String(error)
    throw new DctpsError('usage', `${file} is not ${format}: ${reason.replace(/:$/, '')}; correct the file`, {
      cause: error,
    })
  }
}

function describeIssue(issue: z.core.$ZodIssue, value: unknown, spelling: Spelling): string {
  const [name, ...inside] = issue.path.map(String)
  if (issue.code === 'unrecognized_keys') {
    const unknown = issue.keys[0]!
    const path = [...issue.path.map(String), unknown].join('.')
    return name === undefined
      ? `unknown setting '${unknown}'${didYouMean(unknown, settingNames)} (${spelling(path)}); the settings are ${settingNames.join(', ')}`
      : `unknown setting '${path}' (${spelling(path)}); ${name} must be ${expected(name)}`
  }
  if (name === undefined) return issue.message
  const received = inside.reduce<unknown>(at, at(value, name))
  const guess =
    typeof received === 'string' && issue.code === 'invalid_value'
      ? didYouMean(received, issue.values.map(String))
      : ''
  return `${[name, ...inside].join('.')} must be ${expected(name)}, received ${briefly(received)}${guess} (${spelling(name)})`
}

function expected(name: string): string {
  return isSettingName(name) ? expectedOf(name) : 'left out'
}

function at(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return Object.getOwnPropertyDescriptor(value, name)?.value
}

/** A value that was received, short enough for a message. */
export function briefly(value: unknown): string {
  const text = typeof value === 'string' ? value || 'nothing' : (JSON.stringify(value) ?? 'nothing')
  // JSON spells NaN and infinity as null.
  const spelled = typeof value === 'number' ? String(value) : text
  return spelled.length > 60 ? `${spelled.slice(0, 57)}...` : spelled
}
