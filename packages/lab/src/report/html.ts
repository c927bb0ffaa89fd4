// HTML that cannot be written unescaped by accident: every value put into a template is text, unless it is itself
// Html made by a template.

export type HtmlValue = Html | string | number | null | readonly HtmlValue[]

export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  toString(): string {
    return this.text
  }
}

/** Template tag: strings and numbers are escaped for text and quoted attributes, null is nothing, lists are joined. */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(parts.map((part, index) => part + render(values[index] ?? null)).join(''))
}

/** Markup from a source that is known to escape (a serialised document, a stylesheet of ours). */
export function trustedHtml(markup: string): Html {
  return new Html(markup)
}

/** Escapes text for element content and for attributes in either quote. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

function render(value: HtmlValue): string {
  if (value === null) return ''
  if (value instanceof Html) return value.text
  if (typeof value === 'string' || typeof value === 'number') return escapeHtml(String(value))
  return value.map(render).join('')
}
