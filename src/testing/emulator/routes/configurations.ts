import { z } from 'zod';
import type { Configuration } from '../configurations.js';
import { json } from '../http-exchange.js';
import { paginate } from '../pagination.js';
import type { Project } from '../project.js';
import { readList } from '../query.js';
import { formatServiceTime } from '../service-clock.js';
import { readJsonBody } from '../validation.js';
import type { Route } from './router.js';

const PATH = '/api/v1/beta/configurations';

const name = z.string().min(1).max(255);
const parameters = z.looseObject({ product_type: z.enum(['parse_v2', 'extract_v2']) });
const createRequest = z.object({ name, parameters });
const updateRequest = z.object({ name: name.nullish(), parameters: parameters.nullish() });

/** The routes below `/api/v1/beta/configurations`. */
export function configurationRoutes(project: Project): readonly Route[] {
  const { configurations } = project;
  return [
    {
      method: 'POST',
      path: PATH,
      handle: ({ body }) => {
        const request = readJsonBody(body, createRequest);
        const { product_type, ...rest } = request.parameters;
        return json(configurationBody(configurations.upsert(request.name, product_type, rest), project), 201);
      },
    },
    {
      method: 'GET',
      path: PATH,
      handle: ({ query }) => {
        const page = paginate(filterConfigurations(project, query), 'descending', query, project.settings);
        return json({ ...page, items: page.items.map((item) => configurationBody(item, project)) });
      },
    },
    {
      method: 'GET',
      path: `${PATH}/{id}`,
      handle: (_, id) => json(configurationBody(configurations.find(id), project)),
    },
    {
      method: 'PUT',
      path: `${PATH}/{id}`,
      handle: ({ body }, id) => {
        const { name, parameters } = readJsonBody(body, updateRequest);
        const { product_type: productType, ...rest } = parameters ?? {};
        configurations.find(id);
        const changed = configurations.add(id, {
          ...(name == null ? {} : { name }),
          ...(productType === undefined ? {} : { productType, parameters: rest }),
        });
        return json(configurationBody(changed, project));
      },
    },
  ];
}

function filterConfigurations({ configurations }: Project, query: URLSearchParams): readonly Configuration[] {
  const productTypes = readList(query, 'product_type');
  const name = query.get('name');
  return configurations
    .list(query.get('latest_only') === 'true')
    .filter(
      (configuration) =>
        (productTypes.size === 0 || productTypes.has(configuration.productType)) &&
        (name === null || configuration.name === name),
    );
}

function configurationBody(configuration: Configuration, { configurations, settings }: Project): object {
  return {
    id: configuration.id,
    created_at: formatServiceTime(configuration.createdAtMs, settings),
    updated_at: formatServiceTime(configuration.updatedAtMs, settings),
    name: configuration.name,
    product_type: configuration.productType,
    version: configurations.version(configuration),
    parameters: { product_type: configuration.productType, ...configuration.parameters },
  };
}
