import type { Route } from './route.ts';

/** What the APIs of the account answer to. */
export const operationRoutes: Readonly<Record<string, Route>> = {
  operations: {
    GET: (room) =>
      Object.fromEntries(
        Object.entries(room.account().endpoint.services).map(([name, { operationNames }]) => [
          name,
          operationNames.toSorted(),
        ]),
      ),
  },
};
