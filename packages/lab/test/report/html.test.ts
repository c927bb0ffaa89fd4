import fc from 'fast-check'
import { parseHTML } from 'linkedom'
import { describe, expect, test } from 'vitest'
import { csvLink, formatCsv } from '#lab/report/csv'
import { html, trustedHtml } from '#lab/report/html'

describe('the html template', () => {
  test('gives any text back as it was, in content and in attributes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        fc.pre(!/[\r\0]/.test(text))
        const { document } = parseHTML(`<body>${html`<p title="${text}">${text}</p>`}</body>`)
        const [paragraph, ...others] = document.querySelectorAll('body *')
        expect(others).toEqual([])
        expect(paragraph!.textContent).toBe(text)
        expect(paragraph!.getAttribute('title')).toBe(text)
      }),
    )
  })

  test('escapes every character that could end text or an attribute', () => {
    expect(html`${`<&>"'`}`.text).toBe('&#60;&#38;&#62;&#34;&#39;')
  })

  test('nests its own markup, joins lists and drops null', () => {
    const items = ['a<', 2].map((item) => html`<li>${item}</li>`)
    expect(html`<ul>${items}${null}${trustedHtml('<hr>')}</ul>`.text).toBe(
      '<ul><li>a&#60;</li><li>2</li><hr></ul>',
    )
  })
})

describe('CSV', () => {
  test('quotes only where needed, keeps numbers exact and null empty', () => {
    expect(
      formatCsv(
        ['a', 'b,c'],
        [
          ['say "hi"', 0.1 + 0.2],
          ['two\nlines', null],
        ],
      ),
    ).toBe('a,"b,c"\r\n"say ""hi""",0.30000000000000004\r\n"two\nlines",\r\n')
  })

  test('link holds the file itself, in UTF-8', () => {
    const { document } = parseHTML(`<body>${csvLink('naïve.csv', 'ä,1\r\n')}</body>`)
    const link = document.querySelector('a')!
    expect(link.getAttribute('download')).toBe('naïve.csv')
    const [type, data] = link.getAttribute('href')!.split(',')
    expect(type).toBe('data:text/csv;charset=utf-8;base64')
    expect(Buffer.from(data!, 'base64').toString()).toBe('ä,1\r\n')
  })
})
