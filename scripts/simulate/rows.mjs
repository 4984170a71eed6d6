// Edits of `results` that the API's description does not forbid. Each takes the rows and returns the rows that are sent.

const EDITS = {
  duplicate: (rows) => [...rows, rows[0]],
  'duplicate-with-error': (rows) => [{ ...rows[0], job_reference: null, error_message: 'sent twice' }, ...rows],
  'unknown-type': (rows) => editLast(rows, (row) => ({ ...row, job_reference: { type: 'translate_v9', id: 'trl-1' } })),
  error: (rows) => editLast(rows, (row) => ({ ...row, job_reference: null, error_message: 'the file is damaged' })),
  missing: (rows) => rows.slice(0, -1),
  'no-file-id': (rows) => [...rows, { source_directory_file_id: null, job_reference: null, error_message: 'no file' }],
  'foreign-file': (rows) => [
    ...rows,
    { source_directory_file_id: 'dfl-foreign', job_reference: null, error_message: 'not of this directory' },
  ],
  'bad-job-id': (rows) =>
    editLast(rows, (row) => ({ ...row, job_reference: { type: 'parse_v2', id: '../../etc/passwd' } })),
  neither: (rows) => editLast(rows, (row) => ({ ...row, job_reference: null, error_message: null })),
};

function editLast(rows, edit) {
  return rows.map((row, index) => (index === rows.length - 1 ? edit(row) : row));
}

/** Applies the edits with these names, in order. `null` while there are no rows. */
export function editRows(rows, names) {
  if (rows === null || rows.length === 0) return rows;
  return names.reduce((edited, name) => (edited.length === 0 ? edited : EDITS[name](edited)), rows);
}
