/** Which files LlamaCloud takes. */
import { type JobType, jsonBytes, MAX_SOURCE_PATH_BYTES } from '../../protocol/index.js';
import type { SourceFile } from '../../sources/index.js';

const MIB = 1024 * 1024;

/** LlamaCloud's limits on the size of one file. */
const MAX_FILE_MIB: Record<JobType, number> = { parse_v2: 512, extract_v2: 100 };

/**
 * Extensions of the types that LlamaParse takes: https://developers.llamaindex.ai/llamaparse/general/supported_document_types/, read on
 * 2026-11-28, and Markdown. A type that is missing here would be one line of the manifest; one too many is a file that LlamaCloud refuses.
 */
const EXTENSIONS: ReadonlySet<string> = new Set(
  [
    'pdf docx doc pptx ppt rtf txt epub md markdown',
    '602 abw cgm cwk docm dot dotm hwp key lwp mw mcw odp odt pages pbd pptm pot potm potx sda sdd sdp sdw sgl sti sxi sxw stw sxg uof uop',
    'uot vdx vsd vsdm vsdx vor wpd wps xml zabw',
    'jpg jpeg png gif bmp tif tiff webp heic heif svg htm html web',
    'xlsx xls csv tsv numbers ods xlsm xlsb xlw dif sylk slk prn et fods uos1 uos2 dbf wk1 wk2 wk3 wk4 wks 123 wq1 wq2 wb1 wb2 wb3 qpw xlr eth',
    'mp3 mp4 wav m4a webm mpeg mpga',
  ].flatMap((names) => names.split(' ')),
);

/** Why LlamaCloud does not take a file; `undefined` if it may. */
export function findRejection({ path, size }: Pick<SourceFile, 'path' | 'size'>, type: JobType): string | undefined {
  if (jsonBytes(path) > MAX_SOURCE_PATH_BYTES) return `its path has more than ${MAX_SOURCE_PATH_BYTES} bytes`;
  const extension = /\.([^./]+)$/.exec(path)?.[1]?.toLowerCase();
  if (extension === undefined) return 'it has no extension, which would say of what type it is';
  if (!EXTENSIONS.has(extension)) return 'LlamaCloud does not take files of its type';
  return findSizeProblem(size, type);
}

/** The same, for the size alone: it may have changed since the file was listed. */
export function findSizeProblem(size: number, type: JobType): string | undefined {
  if (size === 0) return 'it is empty';
  const limit = MAX_FILE_MIB[type];
  return size > limit * MIB ? `it is larger than ${limit} MiB, which is LlamaCloud's limit for ${type}` : undefined;
}
