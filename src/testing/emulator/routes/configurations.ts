import { json } from '../http-exchange.js';
import type { Project } from '../project.js';
import { formatServiceTime } from '../service-clock.js';
import type { Route } from './router.js';

/** The route of saved configurations. The API does not say whether it shows presets: here it does not. */
export function configurationRoutes({ configurations, settings }: Project): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/beta/configurations/{id}',
      handle: (_, id) => {
        const { parameters, savedAtMs } = configurations.find(id);
        const version = formatServiceTime(savedAtMs, settings);
        return json({
          id,
          name: id,
          product_type: parameters.product_type ?? 'unknown',
          version,
          parameters,
          created_at: version,
          updated_at: version,
        });
      },
    },
  ];
}
