import type { LlamaCloudPort } from '../deps.js';
import type { AccountGate } from './account-gate.js';

/** Puts the gate before each request, except for those that stop what costs money, and for documents, which come from a store. */
export function gateLlamaCloud(llamacloud: LlamaCloudPort, gate: AccountGate): LlamaCloudPort {
  return {
    createBatch: (params) => gate.run('create', () => llamacloud.createBatch(params)),
    getBatch: (id, options) => gate.run('read', () => llamacloud.getBatch(id, options)),
    iterateBatches: (params) => gate.iterate('read', () => llamacloud.iterateBatches(params)),
    cancelBatch: (id, options) => llamacloud.cancelBatch(id, options),
    createParseJob: (params) => gate.run('create', () => llamacloud.createParseJob(params)),
    createExtractJob: (params) => gate.run('create', () => llamacloud.createExtractJob(params)),
    getJob: (reference, options) => gate.run('read', () => llamacloud.getJob(reference, options)),
    iterateJobs: (params) => gate.iterate('read', () => llamacloud.iterateJobs(params)),
    cancelJob: (reference, options) => llamacloud.cancelJob(reference, options),
    listDirectoryFiles: (id, params) => gate.run('read', () => llamacloud.listDirectoryFiles(id, params)),
    // Directories and uploads cost nothing.
    createDirectory: (params) => gate.run('read', () => llamacloud.createDirectory(params)),
    iterateDirectories: (params) => gate.iterate('read', () => llamacloud.iterateDirectories(params)),
    // It may take hours, so it is not the request that tests the account.
    uploadDirectoryFile: async (id, params) => {
      gate.assertNoPause('read');
      return gate.run('read', () => llamacloud.uploadDirectoryFile(id, params));
    },
    deleteDirectoryFiles: (id, ids, options) =>
      gate.run('read', () => llamacloud.deleteDirectoryFiles(id, ids, options)),
    getConfiguration: (id, options) => gate.run('read', () => llamacloud.getConfiguration(id, options)),
    download: (url, options) => llamacloud.download(url, options),
  };
}
