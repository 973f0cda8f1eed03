import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.mjs';

await bundle(dirname(dirname(fileURLToPath(import.meta.url))));
