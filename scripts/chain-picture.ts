import {writeFileSync} from 'node:fs';
import {picture} from './chain/picture.ts';

writeFileSync(new URL('../docs/chain.svg', import.meta.url), picture());
