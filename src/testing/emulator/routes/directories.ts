import { HttpError } from '../http-error.js';
import { json } from '../http-exchange.js';
import type { Directory, DirectoryFile } from '../model.js';
import { paginate } from '../pagination.js';
import type { PresignedFiles } from '../presigned.js';
import type { Project } from '../project.js';
import { formatServiceTime } from '../service-clock.js';
import type { Route } from './router.js';

/** The routes below `/api/v1/beta/directories`. */
export function directoryRoutes(project: Project, presigned: PresignedFiles): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/beta/directories/{id}',
      handle: (_, id) => json(directoryBody(findDirectory(project, id), project)),
    },
    {
      method: 'GET',
      path: '/api/v1/beta/directories/{id}/files',
      handle: ({ query }, id) => {
        const directory = findDirectory(project, id);
        const name = query.get('display_name');
        const substring = query.get('display_name_contains');
        const files = directory.files.filter(
          (file) => (name === null || file.name === name) && (substring === null || file.name.includes(substring)),
        );
        const page = paginate(files, 'ascending', query, project.settings);
        return json({ ...page, items: page.items.map((file) => fileBody(file, directory, project, presigned)) });
      },
    },
  ];
}

function findDirectory(project: Project, id: string): Directory {
  const directory = project.directories.get(id);
  if (directory === undefined) throw new HttpError(404, `directory ${id} not found`);
  return directory;
}

function directoryBody(directory: Directory, { settings }: Project): object {
  const createdAt = formatServiceTime(directory.createdAtMs, settings);
  return {
    id: directory.id,
    created_at: createdAt,
    updated_at: createdAt,
    project_id: directory.projectId,
    name: directory.name,
    description: null,
    type: 'user',
    connector_subscription_id: null,
    expires_at: null,
    system_metadata: null,
    deleted_at: null,
  };
}

function fileBody(file: DirectoryFile, directory: Directory, { settings }: Project, presigned: PresignedFiles): object {
  const createdAt = formatServiceTime(directory.createdAtMs, settings);
  return {
    id: file.id,
    created_at: createdAt,
    updated_at: createdAt,
    project_id: directory.projectId,
    directory_id: directory.id,
    unique_id: file.name,
    display_name: file.name,
    file_id: null,
    metadata: {},
    deleted_at: null,
    download_url: presigned.sourceUrl(file.id),
  };
}
