// The look of the report: light, few colours, numbers that line up, one column on a phone, plain on paper.

import { kindLooks } from './kind-look.js'

const { dctps, sparse, dense } = kindLooks

export const stylesheet = `
:root {
  --ink: #1b1f24; --muted: #59636e; --line: #d5dbe1; --soft: #f5f7f9;
  --dctps: ${dctps.colour}; --sparse: ${sparse.colour}; --dense: ${dense.colour};
  --right: #00684f; --wrong: #a63c00;
  color-scheme: light;
}
* { box-sizing: border-box; }
body { margin: 0; background: #fff; color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
main { max-width: 66rem; margin: 0 auto; padding: clamp(1.25rem, 4vw, 3.5rem) clamp(1rem, 4vw, 2.5rem) 4rem; }
h1 { font-size: clamp(1.7rem, 4.5vw, 2.5rem); line-height: 1.15; letter-spacing: -0.02em; margin: 0 0 .6rem; overflow-wrap: anywhere; }
h2 { font-size: 1.3rem; line-height: 1.25; letter-spacing: -0.01em; margin: 0 0 .9rem; }
h3 { font-size: 1rem; margin: 1.4rem 0 .5rem; }
p { margin: .6rem 0; max-width: 44rem; overflow-wrap: anywhere; }
section { border-top: 1px solid var(--line); margin-top: 2.6rem; padding-top: 1.5rem; }
#results { border-top: 0; margin-top: .8rem; padding-top: .8rem; }
#results > h2 { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.lead { font-size: clamp(1.05rem, 2.2vw, 1.25rem); line-height: 1.5; color: #333b44; max-width: 46rem; }
.note, .caption { color: var(--muted); font-size: .875rem; }
.caption { font-weight: 400; }
figure { margin: 0; }
ul { padding-left: 1.2rem; margin: .5rem 0; max-width: 46rem; }
li + li { margin-top: .35rem; }
a.download { color: var(--dctps); text-underline-offset: .15em; }

.mark { display: inline-block; width: 1em; font-size: .85em; }
.mark.dctps { color: var(--dctps); } .mark.sparse { color: var(--sparse); } .mark.dense { color: var(--dense); }
.failure { color: var(--wrong); display: block; min-width: 9rem; max-width: 18rem; white-space: normal; }
.right { color: var(--right); font-weight: 700; } .wrong { color: var(--wrong); font-weight: 700; }

.scroll { overflow-x: auto; max-width: 100%; }
.scroll:focus-visible, summary:focus-visible, a:focus-visible { outline: 2px solid var(--dctps); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .5rem 1.1rem .5rem 0; border-bottom: 1px solid var(--line); vertical-align: baseline; white-space: nowrap; }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--muted); font-size: .8rem; font-weight: 500; vertical-align: bottom; line-height: 1.25; white-space: normal; border-bottom-color: var(--muted); }
tbody th { font-weight: 600; }
.number { text-align: right; }
tfoot th, tfoot td { border-bottom: 0; font-weight: 600; }
.headline td, .headline tbody th { padding-top: .65rem; padding-bottom: .65rem; }
.headline strong { font-size: 1.15rem; }
.measure { display: flex; align-items: center; gap: .7rem; }
.measure strong { min-width: 4.1rem; text-align: right; }
.bar { display: inline-block; height: .6rem; border-radius: 2px; background: linear-gradient(currentColor 0 0) 0 0 / var(--fill) 100% no-repeat #e6eaee; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.measure .bar { width: clamp(4rem, 12vw, 9rem); }
.bar.dctps { color: var(--dctps); } .bar.sparse { color: var(--sparse); } .bar.dense { color: var(--dense); }
.runs, .layers { font-size: .9rem; }
.runs .chosen { background: var(--soft); }
.empty { color: var(--wrong); }
details { margin-top: .8rem; }
summary { cursor: pointer; font-weight: 600; padding: .3rem 0; }

.plot { display: block; width: 100%; max-width: 460px; height: auto; background: #fff; overflow: visible; --plot-background: #fff; }
.plot text { white-space: pre; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 320px), 1fr)); gap: 1.2rem 2rem; }
.multiples { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 270px), 1fr)); gap: .6rem 1.2rem; }
.panel + .panel { margin-top: 1.6rem; }
.beside { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 320px), 1fr)); gap: .5rem 2.5rem; align-items: center; }
.beside .plot { max-width: 500px; }

.legend { list-style: none; padding: 0; margin: .6rem 0; max-width: none; display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; font-size: .875rem; }
.legend li { margin: 0; display: flex; align-items: center; gap: .4rem; }
.legend svg { flex: none; }
.results { font-size: .9rem; }
.scroll + .scroll { margin-top: 1rem; }
.plots figure { min-width: 0; }

.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 290px), 1fr)); gap: 1rem; margin: 1.2rem 0; }
.card { border: 1px solid var(--line); border-radius: 6px; padding: .8rem; break-inside: avoid; min-width: 0; }
.card header { display: flex; gap: .9rem; align-items: center; margin-bottom: .5rem; }
.card header div { min-width: 0; overflow-wrap: anywhere; }
.card img { width: 84px; height: 84px; object-fit: contain; image-rendering: pixelated; background: var(--soft); border-radius: 3px; flex: none; }
.card header .caption { display: block; line-height: 1.2; }
.card h4 { margin: .5rem 0 .1rem; font-size: .8rem; font-weight: 600; color: var(--muted); }
.card ul { list-style: none; padding: 0; margin: 0; font-size: .875rem; font-variant-numeric: tabular-nums; }
.card li { display: grid; grid-template-columns: 7.1rem minmax(0, 1fr) auto; gap: .35rem; align-items: baseline; padding: .25rem 0; border-top: 1px solid var(--line); margin: 0; color: var(--ink); font-weight: 400; }
.card .run { color: var(--muted); overflow-wrap: anywhere; }
.card .said { overflow-wrap: anywhere; }
.card .verdict { font-weight: 700; }
.card .right .verdict { color: var(--right); } .card .wrong .verdict, .card .wrong .said { color: var(--wrong); }
.card .sure { display: flex; min-width: 3.9rem; align-items: center; gap: .35rem; justify-content: flex-end; }
.card .sure .bar { width: 1.4rem; flex: none; color: var(--muted); }

.support + .support { margin-top: 1.6rem; }
.maps { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 148px), 1fr)); gap: 1rem 1.4rem; align-items: start; }
.map { min-width: 0; break-inside: avoid; }
.map img { display: block; max-width: 100%; height: auto; image-rendering: pixelated; outline: 1px solid var(--line); print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.map p > * { display: block; }
.map p { margin: .35rem 0 0; font-size: .875rem; line-height: 1.3; }

dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 300px), 1fr)); gap: .9rem 2rem; margin: 0; }
dt { color: var(--muted); font-size: .8rem; }
dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }

@media (max-width: 560px) {
  .headline tbody th, .results tbody th { position: sticky; left: 0; background: #fff; }
}
@media print {
  body { font-size: 10.5pt; }
  main { max-width: none; padding: 0; }
  section { margin-top: 1.4rem; padding-top: .9rem; }
  h2, h3 { break-after: avoid; }
  .panel, .beside, tr { break-inside: avoid; }
  .scroll { overflow: visible; }
  th, td { padding-right: .6rem; }
  .plots { grid-template-columns: 1fr 1fr; }
  .plots figure { break-inside: avoid; }
  .results { font-size: 8pt; }
  .results th, .results td { white-space: normal; padding-right: .4rem; }
  .multiples { grid-template-columns: repeat(3, 1fr); }
}
`
