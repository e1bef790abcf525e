/** A study as one HTML page that needs no network: it contains style, uPlot and data. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Answer } from '../answers.ts';
import type { Chart } from '../charts.ts';

/** What the page shows. */
export interface Page {
  readonly title: string;
  readonly measuredOn: string;
  readonly answers: readonly Answer[];
  readonly charts: readonly Chart[];
}

const { resolve } = createRequire(import.meta.url);
const readText = (path: string | URL): string => readFileSync(path, 'utf8');

/** The page as HTML. */
export function studyPage({ title, measuredOn, answers, charts }: Page): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${readText(resolve('uplot/dist/uPlot.min.css'))}${readText(new URL('./page.css', import.meta.url))}</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(measuredOn)}</p>
<dl>
${answers.map(answerHtml).join('\n')}
</dl>
<div id="plots"></div>
<p>Bars reach from the worst to the best label draw. The tables behind the plots are in study.md beside this page.</p>
<script type="application/json" id="charts">${inScript(JSON.stringify(charts))}</script>
<script>${readText(resolve('uplot/dist/uPlot.iife.min.js'))}</script>
<script>${readText(new URL('./draw-charts.js', import.meta.url))}</script>
</body>
</html>
`;
}

const answerHtml = ({ question, number, sentence }: Answer): string =>
  `<dt>${escapeHtml(question)}</dt><dd><strong>${escapeHtml(number)}</strong> ${escapeHtml(sentence)}</dd>`;

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** A dataset's name could hold `</script>`. */
const inScript = (json: string): string => json.replaceAll('<', '\\u003c');
