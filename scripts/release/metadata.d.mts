export interface Release {
  manifest: Readonly<Record<string, unknown>>;
  changelog: string;
  histories: readonly string[];
}

export interface InstalledPackage {
  name: string;
  version: string | undefined;
  license: string;
}

export interface Lock {
  packages: Readonly<Record<string, { dev?: boolean; version?: string; license?: string }>>;
}

export function findMetadataProblems(release: Release): string[];
export function listProductionPackages(lock: Lock): InstalledPackage[];
export function findLicenceProblems(packages: readonly InstalledPackage[]): string[];
export function distTag(version: string): string;
