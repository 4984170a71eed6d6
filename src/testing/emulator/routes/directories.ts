import { z } from 'zod';
import { isGone, presentFiles } from '../directories.js';
import { HttpError, invalid } from '../http-error.js';
import { json, noContent } from '../http-exchange.js';
import type { Directory, DirectoryFile } from '../model.js';
import { paginate } from '../pagination.js';
import type { PresignedFiles } from '../presigned.js';
import type { Project } from '../project.js';
import { readChoice, readList, readTimeFilter } from '../query.js';
import { formatServiceTime } from '../service-clock.js';
import type { Form, FormFile } from '../uploads.js';
import { readJsonBody } from '../validation.js';
import type { Route } from './router.js';

const PATH = '/api/v1/beta/directories';
const TYPES = ['user', 'index', 'ephemeral'] as const;

const createRequest = z.object({
  name: z.string().min(1),
  description: z.string().nullish(),
  type: z.enum(['user', 'ephemeral']).default('user'),
});

const bulkDeleteRequest = z.object({ directory_file_ids: z.array(z.string()).min(1).max(100) });

const metadata = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.string())]));

/** The routes below `/api/v1/beta/directories`. */
export function directoryRoutes(project: Project, presigned: PresignedFiles): readonly Route[] {
  const { directories } = project;
  const toFileBody = (file: DirectoryFile, directory: Directory) => fileBody(file, directory, project, presigned);
  return [
    {
      method: 'POST',
      path: PATH,
      handle: ({ body, query }) => {
        const { name, description = null, type } = readJsonBody(body, createRequest);
        const projectId = query.get('project_id') ?? project.defaultProjectId;
        return json(directoryBody(directories.create({ name, description, type, projectId }), project), 201);
      },
    },
    {
      method: 'GET',
      path: PATH,
      handle: ({ query }) => {
        const page = paginate(filterDirectories(project, query), 'descending', query, project.settings);
        return json({ ...page, items: page.items.map((directory) => directoryBody(directory, project)) });
      },
    },
    {
      method: 'GET',
      path: `${PATH}/{id}`,
      handle: (_, id) => json(directoryBody(directories.find(id), project)),
    },
    {
      method: 'DELETE',
      path: `${PATH}/{id}`,
      handle: (_, id) => {
        directories.find(id).deletedAtMs = Date.now();
        return noContent();
      },
    },
    {
      method: 'GET',
      path: `${PATH}/{id}/files`,
      handle: ({ query }, id) => {
        const directory = directories.find(id);
        const page = paginate(filterFiles(directory, project, query), 'ascending', query, project.settings);
        return json({ ...page, items: page.items.map((file) => toFileBody(file, directory)) });
      },
    },
    {
      method: 'POST',
      path: `${PATH}/{id}/files/upload`,
      handle: ({ form }, id) => {
        const directory = directories.find(id);
        project.uploadRate.count();
        const { file, texts } = readUpload(form);
        const name = texts.get('display_name') || file.name;
        const uniqueId = texts.get('unique_id') || texts.get('external_file_id') || file.name;
        const source = { path: file.path };
        const added = directories.upload(directory, { name, uniqueId, metadata: readMetadata(texts), source });
        return json(toFileBody(added, directory), 201);
      },
    },
    {
      method: 'POST',
      path: `${PATH}/{id}/files/bulk-delete`,
      handle: ({ body }, id) => {
        const directory = directories.find(id);
        directories.deleteFiles(directory, readJsonBody(body, bulkDeleteRequest).directory_file_ids);
        return noContent();
      },
    },
  ];
}

/** Newest first. */
function filterDirectories(project: Project, query: URLSearchParams): readonly Directory[] {
  const name = query.get('name');
  const type = readChoice(query, 'type', TYPES);
  const types = readList(query, 'types');
  const projectId = query.get('project_id');
  const withDeleted = query.get('include_deleted') === 'true';
  const listedUntilMs = Date.now() - project.settings.directoryListLagMs;
  return project.directories
    .all()
    .filter(
      (directory) =>
        (name === null || directory.name === name) &&
        (type === undefined || directory.type === type) &&
        (types.size === 0 || types.has(directory.type)) &&
        (projectId === null || directory.projectId === projectId) &&
        (withDeleted || !isGone(directory)) &&
        directory.createdAtMs <= listedUntilMs,
    )
    .toReversed();
}

function filterFiles(directory: Directory, project: Project, query: URLSearchParams): readonly DirectoryFile[] {
  const name = query.get('display_name');
  const substring = query.get('display_name_contains');
  const uniqueId = query.get('unique_id');
  const fileId = query.get('file_id');
  const isInTime = readTimeFilter(query, 'updated_at', project.settings);
  const listedUntilMs = Date.now() - project.settings.fileListLagMs;
  const files = query.get('include_deleted') === 'true' ? directory.files : presentFiles(directory);
  return files.filter(
    (file) =>
      (name === null || file.name === name) &&
      (substring === null || file.name.includes(substring)) &&
      (uniqueId === null || file.uniqueId === uniqueId) &&
      (fileId === null || file.fileId === fileId) &&
      isInTime(updatedAtMs(file)) &&
      file.createdAtMs <= listedUntilMs,
  );
}

function readUpload(form: Form | null): { file: FormFile; texts: Form['texts'] } {
  const file = form?.files.get('upload_file');
  if (form === null || file === undefined) throw invalid(['body', 'upload_file'], 'Field required', 'missing');
  return { file, texts: form.texts };
}

function readMetadata(texts: Form['texts']): Readonly<Record<string, unknown>> {
  const text = texts.get('metadata');
  if (text === undefined || text === '') return {};
  const parsed = metadata.safeParse(parseJson(text));
  if (!parsed.success)
    throw new HttpError(422, [{ loc: ['body', 'metadata'], msg: 'Invalid metadata', type: 'value_error' }]);
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function updatedAtMs(file: DirectoryFile): number {
  return file.deletedAtMs ?? file.createdAtMs;
}

function directoryBody(directory: Directory, { settings }: Project): object {
  const format = (atMs: number | null) => (atMs === null ? null : formatServiceTime(atMs, settings));
  return {
    id: directory.id,
    created_at: format(directory.createdAtMs),
    updated_at: format(directory.deletedAtMs ?? directory.createdAtMs),
    project_id: directory.projectId,
    name: directory.name,
    description: directory.description,
    type: directory.type,
    connector_subscription_id: null,
    expires_at: format(directory.expiresAtMs),
    system_metadata: null,
    deleted_at: format(directory.deletedAtMs),
  };
}

function fileBody(file: DirectoryFile, directory: Directory, { settings }: Project, presigned: PresignedFiles): object {
  return {
    id: file.id,
    created_at: formatServiceTime(file.createdAtMs, settings),
    updated_at: formatServiceTime(updatedAtMs(file), settings),
    project_id: directory.projectId,
    directory_id: directory.id,
    unique_id: file.uniqueId,
    display_name: file.name,
    file_id: file.fileId,
    metadata: file.metadata,
    deleted_at: file.deletedAtMs === null ? null : formatServiceTime(file.deletedAtMs, settings),
    download_url: presigned.sourceUrl(file.id),
  };
}
