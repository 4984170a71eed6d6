import { fileURLToPath } from 'node:url';

/** The workflows, as `npm run build` bundles them. */
export const WORKFLOW_BUNDLE = fileURLToPath(new URL('../../dist/workflow-bundle.js', import.meta.url));
