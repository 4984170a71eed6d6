// The results as Markdown tables, for the terminal and docs/performance.md.
const number = (value, digits = 1) => (value == null || Number.isNaN(value) ? '–' : value.toFixed(digits));
const NAMES = { ours: 'temporal-llamacloud', baseline: 'baseline', vendor: "the vendor's SDK" };
const CHILDREN = {
  emptyChild: 'nothing',
  collectByLocalActivity: 'collect, as a local activity',
  collectByActivity: 'collect, as an activity',
  processJob: '`processJob`: a local activity first',
};

/** `{ name, title, table }` of every part that was measured. */
export function renderTables({ targets, results: { fanOut, children, wallTime, waiting, detection, waking, memory } }) {
  return [
    { name: 'targets', title: 'Targets', table: targetsTable(targets) },
    fanOut && { name: 'fan-out', title: 'Fan-out, files per second', table: fanOutTable(fanOut) },
    fanOut && { name: 'cpu', title: 'CPU time per file: worker + Temporal server, ms', table: cpuTable(fanOut) },
    fanOut && { name: 'history', title: "The parent's history", table: historyTable(fanOut) },
    children && { name: 'children', title: 'Children by what they do', table: childrenTable(children) },
    wallTime && { name: 'wall-time', title: 'From the create to the last document', table: wallTimeTable(wallTime) },
    (waiting ?? detection ?? waking) && {
      name: 'waiting',
      title: 'Waiting',
      table: waitingTable({ waiting, detection, waking }),
    },
    memory && { name: 'memory', title: 'Memory of the worker', table: memoryTable(memory) },
  ].filter((table) => table !== undefined);
}

function markdown(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function targetsTable(targets) {
  const rows = Object.entries(targets).map(([name, { value, atLeast, atMost, met }]) => [
    `\`${name}\``,
    number(value, 2),
    atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`,
    met ? 'met' : '**missed**',
  ]);
  return markdown(['target', 'measured', 'required', ''], rows);
}

function fanOutTable(rows) {
  return markdown(
    [
      'files',
      'temporal-llamacloud',
      'baseline, all at once',
      'lower bound: no parent',
      'ours / baseline',
      'ours / lower bound',
    ],
    rows.map(({ files, ours, baseline, lowerBound }) => [
      files,
      number(ours.filesPerSecond),
      number(baseline?.filesPerSecond),
      number(lowerBound.filesPerSecond),
      number(ours.filesPerSecond / baseline?.filesPerSecond, 2),
      number(ours.filesPerSecond / lowerBound.filesPerSecond, 2),
    ]),
  );
}

function cpuTable(rows) {
  const cpu = (run) => (run == null ? '–' : `${number(run.workerCpuMsPerFile)} + ${number(run.serverCpuMsPerFile)}`);
  return markdown(
    ['files', 'temporal-llamacloud', 'baseline, all at once', 'lower bound: no parent', 'the parent takes'],
    rows.map(({ files, ours, baseline, lowerBound }) => {
      const parentMs = totalCpu(ours) - totalCpu(lowerBound);
      return [files, cpu(ours), cpu(baseline), cpu(lowerBound), number(parentMs)];
    }),
  );
}

function totalCpu({ workerCpuMsPerFile, serverCpuMsPerFile }) {
  return workerCpuMsPerFile + serverCpuMsPerFile;
}

function historyTable(rows) {
  return markdown(
    ['files', 'ours, events per file', 'ours, bytes per file', 'baseline, events per file', 'baseline, bytes per file'],
    rows.map(({ files, ours, baseline }) => [
      files,
      number(ours.eventsPerFile, 2),
      number(ours.bytesPerFile, 0),
      number(baseline?.eventsPerFile, 2),
      number(baseline?.bytesPerFile, 0),
    ]),
  );
}

function childrenTable(rows) {
  return markdown(
    ['what the child does', 'files/s', 'events'],
    rows.map(({ body, filesPerSecond, events }) => [CHILDREN[body], number(filesPerSecond), events]),
  );
}

function wallTimeTable(rows) {
  return markdown(
    ['', 'seconds', 'requests', 'of these for jobs, per file'],
    rows.map(({ name, seconds, requests, requestsPerFile }) => [
      NAMES[name],
      number(seconds),
      number(requests, 0),
      number(requestsPerFile, 2),
    ]),
  );
}

function waitingTable({ waiting, detection = [], waking }) {
  const rows = detection.map(({ name, waitedMs, medianLateMs, mostLateMs, requests }) => [
    `${waitedMs / 1_000} s`,
    NAMES[name],
    `${number(medianLateMs / 1_000)} s`,
    `${number(mostLateMs / 1_000)} s`,
    number(requests, 0),
    '',
  ]);
  for (const [name, { lateMs, requests }] of Object.entries(waiting?.hour ?? {})) {
    rows.push(['1 h, simulated', NAMES[name], `${number(lateMs / 1_000)} s`, '', requests, '']);
  }
  for (const [name, { events, createEvents, requests }] of Object.entries(waiting?.day ?? {})) {
    const creationEvents = createEvents === 0 ? '' : `, and ${createEvents} to create the batch`;
    rows.push(['24 h, simulated', NAMES[name], '', '', requests, `${events}${creationEvents}`]);
  }
  if (waking !== undefined) {
    const [middle, most] = [waking.medianMs, waking.mostMs].map((late) => `${number(late / 1_000, 2)} s`);
    rows.push(['by `wake`', NAMES.ours, middle, most, 1, '']);
  }
  return markdown(['the batch takes', '', 'noticed after, median', 'maximum', 'requests', 'events'], rows);
}

function memoryTable(rows) {
  const mebibytes = (bytes) => number(bytes / 2 ** 20, 0);
  return markdown(
    ['files', 'peak memory, MiB', 'heap afterwards, MiB', 'seconds'],
    rows.map(({ files, peakBytes, heapBytes, seconds }) => [
      files,
      mebibytes(peakBytes),
      mebibytes(heapBytes),
      number(seconds, 0),
    ]),
  );
}
