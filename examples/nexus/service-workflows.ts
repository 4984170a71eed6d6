export * from 'temporal-llamacloud/workflows';
