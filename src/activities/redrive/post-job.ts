import { REDRIVE_LABEL } from '../../protocol/index.js';
import { postOnce } from '../batch/post-once.js';
import type { ActivityDeps } from '../deps.js';
import type { FileToRedrive } from './redriven-jobs.js';

/** Creates a job by one request: `POST /api/v2/parse` or `POST /api/v2/extract`. Returns its id. @throws what {@link postOnce} throws. */
export function postJob({ llamacloud }: ActivityDeps) {
  return ({ scope, fileId, job, batchJobId, fileInput }: FileToRedrive): Promise<{ jobId: string }> =>
    postOnce('job', `job in place of ${batchJobId} of file ${fileId}`, async () => {
      const { configurationId } = job;
      const { id } =
        job.type === 'parse_v2'
          ? await llamacloud.createParseJob({
              ...scope,
              fileId: fileInput,
              configurationId,
              userMetadata: { [REDRIVE_LABEL]: batchJobId },
            })
          : await llamacloud.createExtractJob({ ...scope, fileInput, configurationId });
      return { jobId: id };
    });
}
