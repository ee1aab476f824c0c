/** What is bought. */
export type Order = {readonly number: number; readonly amount: number};

export const orderOf = (number: number): Order => ({number, amount: 100 + number});
