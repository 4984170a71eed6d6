// The kills and the documents of a soak. Both follow from its options, so that a soak can be repeated.
import { seededRandom } from '../seeded-random.mjs';

/**
 * The kills, in order. Each is due after a number of requested jobs, not after a time, so that it happens during the run on any
 * machine. The first one happens between the POST that creates the batch and its response. The kills of the server are spread
 * evenly.
 *
 * @param serverKills Ways to kill the server, each with a name.
 */
export function planKills({ files, kills, workers, seed, serverKills }) {
  const random = seededRandom(seed);
  const counts = Array.from({ length: Math.max(0, kills - 1) }, () => Math.floor(random() * files * 0.95));
  const victims = Array.from({ length: kills }, () => Math.floor(random() * workers));
  const ofWorkers = counts
    .sort((a, b) => a - b)
    .map((count, index) => ({ name: `worker ${victims[index]}`, workers: [victims[index]], count }));
  const ofServer = serverKills.map((kill, index) => ({
    ...kill,
    count: Math.floor((files * (index + 1)) / (serverKills.length + 1)),
  }));
  const afterJobs = [...ofWorkers, ...ofServer]
    .sort((a, b) => a.count - b.count)
    .map(({ count, ...kill }) => ({
      ...kill,
      when: `${count} jobs have been requested`,
      isDue: ({ jobs }) => jobs >= count,
    }));
  // All workers, since any of them may have sent the request.
  const whileCreating = {
    name: 'all workers',
    workers: Array.from({ length: workers }, (_, index) => index),
    when: 'the batch is being created',
    isDue: ({ creating }) => creating,
  };
  return kills > 0 ? [whileCreating, ...afterJobs] : afterJobs;
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
