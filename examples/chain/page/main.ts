import {latchkeyBuyer, plainBuyer, type Buyer} from '../buyers.ts';

export type Buyers = {readonly plain: Buyer; readonly latchkey: Buyer};

const buyers: Buyers = {plain: plainBuyer('/orders'), latchkey: latchkeyBuyer('/orders')};
Object.assign(globalThis, {buyers});
