/** The workflow module of an application. */
export * from 'temporal-llamacloud/workflows';
