// The figures of docs/performance.md, as SVG.
import * as echarts from 'echarts';

const SIZE = { width: 760, height: 320 };
/** Distinguishable with colour blindness and on paper. */
const COLORS = { ours: '#0072b2', baseline: '#d55e00', lowerBound: '#999999', vendor: '#009e73' };
const NAMES = {
  ours: 'temporal-llamacloud',
  baseline: 'baseline',
  lowerBound: 'lower bound: no parent',
  vendor: "the vendor's SDK",
};

/** `{ file: svg }` of every measurement that has a figure. */
export function renderFigures({ results: { fanOut, wallTime, memory } }) {
  return {
    ...(fanOut === undefined ? {} : { 'bench-fan-out.svg': fanOutFigure(fanOut) }),
    ...(wallTime === undefined ? {} : { 'bench-wall-time.svg': wallTimeFigure(wallTime) }),
    ...(memory === undefined ? {} : { 'bench-memory.svg': memoryFigure(memory) }),
  };
}

function fanOutFigure(rows) {
  const series = ['ours', 'baseline', 'lowerBound'].map((name) => ({
    name: NAMES[name],
    type: 'bar',
    color: COLORS[name],
    label: { show: true, position: 'top', formatter: ({ value }) => value?.toFixed(0) ?? '' },
    data: rows.map((row) => row[name]?.filesPerSecond ?? null),
  }));
  return draw({
    title: 'Fan-out: files per second through the children of one batch',
    xAxis: { type: 'category', data: rows.map(({ files }) => `${files} files`) },
    yAxis: { type: 'value', name: 'files/s' },
    series,
  });
}

function wallTimeFigure(rows) {
  const names = rows.map(({ name }) => NAMES[name]);
  const bars = (key, digits) => ({
    type: 'bar',
    label: { show: true, position: 'right', formatter: ({ value }) => value.toFixed(digits) },
    data: rows.map((row) => ({ value: row[key], itemStyle: { color: COLORS[row.name] } })),
  });
  return draw({
    title: 'From the create to the last document, jobs ending over 30 seconds',
    legend: { show: false },
    grid: [
      { left: 150, width: 220, top: 60 },
      { left: 470, width: 220, top: 60 },
    ],
    xAxis: [
      { type: 'value', name: 'seconds', nameLocation: 'middle', nameGap: 28, gridIndex: 0 },
      { type: 'value', name: 'requests', nameLocation: 'middle', nameGap: 28, gridIndex: 1 },
    ],
    yAxis: [
      { type: 'category', data: names, gridIndex: 0, inverse: true },
      { type: 'category', data: names, gridIndex: 1, inverse: true, axisLabel: { show: false } },
    ],
    series: [
      { ...bars('seconds', 1), xAxisIndex: 0, yAxisIndex: 0 },
      { ...bars('requests', 0), xAxisIndex: 1, yAxisIndex: 1 },
    ],
  });
}

function memoryFigure(rows) {
  return draw({
    title: 'Peak memory of the worker by the size of the batch',
    legend: { show: false },
    xAxis: { type: 'category', data: rows.map(({ files }) => `${files} files`) },
    yAxis: { type: 'value', name: 'MiB', min: 0 },
    series: [
      {
        type: 'line',
        color: COLORS.ours,
        label: { show: true, position: 'top', formatter: ({ value }) => value.toFixed(0) },
        data: rows.map(({ peakBytes }) => peakBytes / 2 ** 20),
      },
    ],
  });
}

function draw({ title, ...options }) {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, ...SIZE });
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    title: { text: title, left: 'center', textStyle: { fontSize: 14 } },
    legend: { bottom: 0 },
    grid: { left: 60, right: 20, top: 50, bottom: 60 },
    ...options,
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
}
