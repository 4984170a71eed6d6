/** Of an application that encrypts: without it, messages and stack traces of failures stay readable. */
const { DefaultFailureConverter } = require('@temporalio/common');

exports.failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
