// What must be right in the checkout before a version is published. Pure: scripts/release/release.mjs reads the files.

/** npm shows these, and resolves the links and pictures of the README with `repository`. */
const FIELDS = ['name', 'version', 'description', 'license', 'keywords', 'repository', 'homepage', 'bugs'];

/** Licences that ask for no more than to be named. */
const PERMISSIVE = new Set(['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'BlueOak-1.0.0']);

/**
 * @param manifest The parsed package.json.
 * @param changelog The text of CHANGELOG.md.
 * @param histories Names of the recorded histories.
 * @returns Lines that each say what is wrong.
 */
export function findMetadataProblems({ manifest, changelog, histories }) {
  const problems = [];
  const missing = FIELDS.filter((field) => manifest[field] === undefined);
  if (missing.length > 0) problems.push(`package.json has no ${missing.join(', ')}`);
  const { version } = manifest;
  const heading = changelog.split('\n').find((line) => line.startsWith(`## ${version}`));
  if (heading === undefined) problems.push(`CHANGELOG.md has no section for ${version}`);
  else if (heading.includes('not released')) problems.push(`CHANGELOG.md says that ${version} is not released yet`);
  if (!histories.some((name) => name.endsWith(`.${version}.json`))) {
    problems.push(`test/histories has no history of ${version}. Run: npm run record-history`);
  }
  return problems;
}

/** The packages that package-lock.json installs for a user of the package, without its peers. */
export function listProductionPackages(lock) {
  return Object.entries(lock.packages)
    .filter(([path, { dev }]) => path !== '' && dev !== true)
    .map(([path, { version, license }]) => ({
      name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
      version,
      license: license ?? 'none named',
    }));
}

export function findLicenceProblems(packages) {
  return packages
    .filter(({ license }) => !PERMISSIVE.has(license))
    .map(
      ({ name, version, license }) => `${name} ${version} has the licence ${license}: read it, then add it to the list`,
    );
}

/** The dist-tag of npm: `npm install` takes `latest`. */
export function distTag(version) {
  return version.includes('-') ? 'next' : 'latest';
}
