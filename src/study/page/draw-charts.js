/* Runs in the reader's browser, after uPlot and the data: `charts` is a list of report/charts.ts's Chart. */
const COLOURS = ['#1b6ca8', '#c8553d', '#3a7d44', '#7d4f9e', '#b8860b', '#555555'];

for (const chart of JSON.parse(document.getElementById('charts').textContent)) drawChart(chart);

function drawChart({ title, xLabel, places, lines }) {
  const figure = document.createElement('figure');
  const caption = document.createElement('figcaption');
  caption.textContent = title;
  figure.append(caption);
  document.getElementById('plots').append(figure);
  const options = {
    width: Math.min(760, document.body.clientWidth - 32),
    height: 340,
    scales: {
      x: { time: false, range: [-0.5, places.length - 0.5] },
      y: { range: rangeOf(lines) },
    },
    axes: [
      { label: xLabel, splits: () => places.map((_, place) => place), values: () => places },
      { label: 'test accuracy, %' },
    ],
    series: [
      { value: (_, place) => places[place] ?? '' },
      ...lines.map((line, index) => ({
        label: line.label,
        stroke: COLOURS[index % COLOURS.length],
        width: 2,
        points: { size: 7 },
        value: (_, accuracy) => (accuracy === null ? '–' : `${accuracy.toFixed(1)} %`),
      })),
    ],
    hooks: { draw: [(plot) => drawSpread(plot, lines)] },
  };
  const x = places.map((_, place) => place);
  new uPlot(options, [x, ...lines.map((line) => line.mean)], figure);
}

/** Every bar is seen whole, and noise of a point does not fill the plot. */
function rangeOf(lines) {
  const ends = lines.flatMap(({ low, high }) => [...low, ...high]).filter((end) => end !== null);
  const [least, most] = [Math.min(...ends), Math.max(...ends)];
  const margin = Math.max(2, (10 - (most - least)) / 2);
  return [Math.max(0, least - margin), Math.min(100, most + margin)];
}

/** A bar from the worst to the best draw; bars of different lines lie side by side. */
function drawSpread(plot, lines) {
  const { ctx } = plot;
  ctx.save();
  ctx.lineWidth = 2;
  lines.forEach((line, index) => {
    ctx.strokeStyle = COLOURS[index % COLOURS.length];
    line.low.forEach((low, place) => {
      if (low === null) return;
      const x = plot.valToPos(place + 0.03 * (index - (lines.length - 1) / 2), 'x', true);
      ctx.beginPath();
      ctx.moveTo(x, plot.valToPos(low, 'y', true));
      ctx.lineTo(x, plot.valToPos(line.high[place], 'y', true));
      ctx.stroke();
    });
  });
  ctx.restore();
}
