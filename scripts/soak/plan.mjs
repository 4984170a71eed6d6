// The kills and the documents of a soak. Both follow from its options, so that a soak can be repeated.
import { seededRandom } from '../seeded-random.mjs';

/**
 * The kills, in order. Each is due after a number of requested jobs, not after a time, so that it happens during the run on any
 * machine. The first one happens between the POST that creates the batch and its response. In the middle the server is killed.
 */
export function planKills({ files, kills, workers, seed }) {
  const random = seededRandom(seed);
  const afterJobs = Array.from({ length: Math.max(0, kills - 1) }, () => Math.floor(random() * files * 0.95)).sort(
    (a, b) => a - b,
  );
  const victims = Array.from({ length: kills }, () => Math.floor(random() * workers));
  const plan = [];
  // All workers, since any of them may have sent the request.
  if (kills > 0)
    plan.push({ target: 'workers', when: 'the batch is being created', isDue: ({ creating }) => creating });
  afterJobs.forEach((count, index) => {
    plan.push({
      target: 'worker',
      victim: victims[index],
      when: `${count} jobs have been requested`,
      isDue: ({ jobs }) => jobs >= count,
    });
  });
  const half = Math.floor(files / 2);
  const server = { target: 'server', when: `${half} jobs have been requested`, isDue: ({ jobs }) => jobs >= half };
  plan.splice(Math.ceil(plan.length / 2), 0, server);
  return plan;
}

/** Documents with random content that follows from the seed. */
export function makeFiles({ files, seed }) {
  const random = seededRandom(seed + 1);
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
