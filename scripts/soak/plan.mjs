// What a soak does and when, made of its seed alone: the same seed plans the same kills and the same faults.
import { createHash } from 'node:crypto';

/** A small generator of numbers in [0, 1) (mulberry32). */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * The kills, in order. Each comes once so many jobs have been asked for, so that it falls into the run however fast the
 * machine is. The first comes between the create's POST and its answer, and in the middle the server goes as well.
 */
export function planKills({ files, kills, workers, seed }) {
  const random = seeded(seed);
  const afterJobs = Array.from({ length: Math.max(0, kills - 1) }, () => Math.floor(random() * files * 0.95)).sort(
    (a, b) => a - b,
  );
  const victims = Array.from({ length: kills }, () => Math.floor(random() * workers));
  const plan = [];
  // All of them, since nobody can say which one has sent the request.
  if (kills > 0) plan.push({ what: 'workers', when: 'the batch is being created', isDue: ({ creating }) => creating });
  afterJobs.forEach((count, index) => {
    plan.push({
      what: 'worker',
      victim: victims[index],
      when: `${count} jobs have been asked for`,
      isDue: ({ jobs }) => jobs >= count,
    });
  });
  const half = Math.floor(files / 2);
  const server = { what: 'server', when: `${half} jobs have been asked for`, isDue: ({ jobs }) => jobs >= half };
  plan.splice(Math.ceil(plan.length / 2), 0, server);
  return plan;
}

/** Documents whose content follows from the seed, so that what comes out can be held against it. */
export function makeFiles({ files, seed }) {
  const random = seeded(seed + 1);
  return Array.from({ length: files }, (_, index) => {
    const words = Array.from({ length: 20 + Math.floor(random() * 400) }, () =>
      Math.floor(random() * 1e9).toString(36),
    );
    return {
      name: `document-${String(index).padStart(5, '0')}.md`,
      content: `# Document ${index}\n\n${words.join(' ')}\n`,
    };
  });
}

export const sha256 = (content) => createHash('sha256').update(content).digest('hex');
